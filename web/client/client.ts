import type { PictureSet, ReportPage, RunEvent, RunList } from '../../src/ground/contracts/report.ts';

export interface PictureRequest {
  readonly set: PictureSet;
  /** Its path in the set or the run's folder; of a question the `pictureName`. */
  readonly file: string;
  /** Longest side in pixels that is asked for; a frozen page has one size. */
  readonly size: number;
}

/** Where the pages get their data: the page frozen into this file, or the studio that serves it. */
export interface Client {
  readonly kind: 'frozen' | 'studio';
  /** @throws Error with one line for the reader when the runs cannot be had. */
  readonly listRuns: () => Promise<RunList>;
  /** @throws Error with one line for the reader when the page cannot be had. */
  readonly loadPage: (id: string) => Promise<ReportPage>;
  /** Address of a picture, or null where this client has none. */
  readonly pictureUrl: (page: ReportPage, request: PictureRequest) => string | null;
  /** Calls back as a run goes on; returns what ends that. */
  readonly watchRun: (id: string, onEvent: (event: RunEvent) => void) => () => void;
}
