/** Upper ends of the classes of durations, in seconds. */
const CLASSES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const;

interface Durations {
  readonly counts: number[];
  sum: number;
  total: number;
}

/** What the service has done since it started, in the text form of Prometheus. No subject and no client is named. */
export class Metrics {
  readonly #counts = new Map<string, number>();
  readonly #durations = new Map<string, Durations>();

  count(action: string, outcome: string): void {
    const key = `action="${action}",outcome="${outcome}"`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  time(action: string, ms: number): void {
    const known = this.#durations.get(action) ?? { counts: CLASSES.map(() => 0), sum: 0, total: 0 };
    this.#durations.set(action, known);
    const seconds = ms / 1000;
    CLASSES.forEach((end, i) => {
      if (seconds <= end) known.counts[i]!++;
    });
    known.sum += seconds;
    known.total++;
  }

  /** @param gauges values of now, by name */
  write(gauges: Readonly<Record<string, number>>): string {
    const lines = ['# TYPE biolens_gallery_requests_total counter'];
    for (const [key, value] of this.#counts) lines.push(`biolens_gallery_requests_total{${key}} ${value}`);
    lines.push('# TYPE biolens_gallery_match_seconds histogram');
    for (const [action, { counts, sum, total }] of this.#durations) {
      CLASSES.forEach((end, i) => {
        lines.push(`biolens_gallery_match_seconds_bucket{action="${action}",le="${end}"} ${counts[i]}`);
      });
      lines.push(`biolens_gallery_match_seconds_bucket{action="${action}",le="+Inf"} ${total}`);
      lines.push(`biolens_gallery_match_seconds_sum{action="${action}"} ${sum}`);
      lines.push(`biolens_gallery_match_seconds_count{action="${action}"} ${total}`);
    }
    for (const [name, value] of Object.entries(gauges))
      lines.push(`# TYPE biolens_gallery_${name} gauge`, `biolens_gallery_${name} ${value}`);
    return `${lines.join('\n')}\n`;
  }
}
