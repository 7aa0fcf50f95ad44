import type { RunComparison } from '../../src/ground/contracts/comparison.ts';
import type { FormJob, HostedRun, PlannedJob } from '../../src/ground/contracts/job.ts';
import type {
  BinnedRuns,
  FolderList,
  PictureSet,
  ReportPage,
  RunEvent,
  RunList,
  RunNotes,
} from '../../src/ground/contracts/report.ts';

export interface PictureRequest {
  readonly set: PictureSet;
  /** Its path in the set or the run's folder; of a question the `pictureName`. */
  readonly file: string;
  /** Longest side in pixels that is asked for; a frozen page has one size. */
  readonly size: number;
}

/** A job's settings as a form gives them: what is at its default is left out. */
export type JobSettings = Readonly<Record<string, unknown>>;

export interface StartRequest {
  readonly configuration: JobSettings;
  /** Ends the name of the run's folder; undefined for what the job names it by. */
  readonly name: string | undefined;
  /** Conditions on the result, as `--fail-on` takes them. */
  readonly failOn: readonly string[];
}

export interface WorkListener {
  readonly onNews: (state: HostedRun) => void;
  /** Called when this client's studio does not work on the run. */
  readonly onNone: () => void;
}

/** Where the pages get their data: the page frozen into this file, or the studio that serves it. */
export interface Client {
  readonly kind: 'frozen' | 'studio';
  /** @throws Error with one line for the reader when the runs cannot be had. */
  readonly listRuns: () => Promise<RunList>;
  /** @throws Error with one line for the reader when the page cannot be had. */
  readonly loadPage: (id: string) => Promise<ReportPage>;
  /** Address of an image, or null where this client has none. */
  readonly pictureUrl: (page: ReportPage, request: PictureRequest) => string | null;
  /** Calls back as a run progresses; returns what ends that. */
  readonly watchRun: (id: string, onEvent: (event: RunEvent) => void) => () => void;
  /** What can be started; null where nothing can be: in a frozen report, in a studio that only shows. */
  readonly listJobs: () => Promise<readonly FormJob[] | null>;
  /** What a job would do. @throws Error with one line that names the field that is wrong */
  readonly planJob: (kind: string, configuration: JobSettings) => Promise<PlannedJob>;
  /** Starts a job and returns the id of its run. @throws Error with one line that names the field that is wrong */
  readonly startJob: (kind: string, request: StartRequest) => Promise<string>;
  /** Resumes a run that ended early. @throws Error with one line for the reader */
  readonly resumeRun: (id: string) => Promise<void>;
  /** Interrupts a run that the studio works on. @throws Error with one line for the reader */
  readonly stopRun: (id: string) => Promise<void>;
  /** Runs side by side, the first being what the others are compared with. @throws Error with one line for the reader */
  readonly compareRuns: (ids: readonly string[]) => Promise<RunComparison>;
  /** Address of an image that the report of a run names, or null where this client has none. */
  readonly imageUrl: (id: string, request: PictureRequest) => string | null;
  /** Writes what the user says of a run. @throws Error with one line for the reader */
  readonly saveNotes: (id: string, notes: RunNotes) => Promise<void>;
  /** Moves a run to the bin and returns its name there. @throws Error with one line for the reader */
  readonly binRun: (id: string) => Promise<string>;
  readonly listBin: () => Promise<BinnedRuns>;
  readonly restoreRun: (name: string) => Promise<void>;
  /** What is in a folder that jobs may use; the roots for null. @throws Error with one line for the reader */
  readonly listFolder: (path: string | null) => Promise<FolderList>;
  /** Calls back as the studio itself works on a run; returns what ends that. */
  readonly followWork: (id: string, listener: WorkListener) => () => void;
}
