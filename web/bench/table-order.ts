/** Codes that there are: those of FaceXBench in the order of its tables, then others by name. */
export function inTableOrder(
  present: Iterable<string>,
  table: readonly { readonly code: string }[],
): readonly string[] {
  const found = new Set(present);
  const known: readonly string[] = table.map(({ code }) => code).filter(code => found.has(code));
  return [...known, ...[...found].filter(code => !known.includes(code)).sort()];
}
