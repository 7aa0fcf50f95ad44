/** What each file of this folder exports as `bench`: one claim, measured beside its peer in the same run. */
export interface BenchResult {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly notes: readonly string[];
}
