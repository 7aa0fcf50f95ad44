import type { AnyReport } from '../../src/ground/contracts/report.ts';

/** What a set of a report holds, such as `images`; null for a set that does not say, or that the report does not have. */
export function kindOfSet(report: AnyReport | null, set: string): string | null {
  if (report === null || !('sets' in report)) return null;
  const found: unknown = Object.hasOwn(report.sets, set) ? report.sets[set as keyof typeof report.sets] : null;
  return typeof found === 'object' && found !== null && 'kind' in found ? String(found.kind) : null;
}
