import type { CliIo } from './io.ts';

/** What the `runs` verb can do with a run of one kind. */
export interface RunKind {
  readonly resume: (path: string, io: CliIo, options: { readonly json?: boolean }) => Promise<void>;
  readonly rerun: (
    configuration: Readonly<Record<string, unknown>>,
    io: CliIo,
    options: { readonly json?: boolean; readonly runsDir: string },
  ) => Promise<void>;
}

/** Every kind of run there is, by the name in `run.json`. */
export const KINDS: Readonly<Record<string, RunKind>> = {
  audit: {
    resume: async (path, io, options) => (await import('./audit-work.ts')).resumeAuditWork(path, io, options),
    rerun: async (configuration, io, options) =>
      (await import('./audit-work.ts')).rerunAuditWork(configuration, io, options),
  },
  bench: {
    resume: async (path, io, options) => (await import('./bench-work.ts')).resumeBenchWork(path, io, options),
    rerun: async (configuration, io, options) =>
      (await import('./bench-work.ts')).rerunBenchWork(configuration, io, options),
  },
  diffusion: {
    resume: async (path, io, options) => (await import('./diffusion-work.ts')).resumeTrainingWork(path, io, options),
    rerun: async (configuration, io, options) =>
      (await import('./diffusion-work.ts')).rerunTrainingWork(configuration, io, options),
  },
  study: {
    resume: async (path, io, options) => (await import('./study-work.ts')).resumeStudyWork(path, io, options),
    rerun: async (configuration, io, options) =>
      (await import('./study-work.ts')).rerunStudyWork(configuration, io, options),
  },
  mitigate: {
    resume: async (path, io, options) => (await import('./mitigation-work.ts')).resumeMitigationWork(path, io, options),
    rerun: async (configuration, io, options) =>
      (await import('./mitigation-work.ts')).rerunMitigationWork(configuration, io, options),
  },
};
