import { SingleBar } from 'cli-progress';
import type { CliIo } from './io.ts';

/** How far one stage of the work is. `total` is null while it is not known. */
export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number | null;
}

export interface ProgressView {
  readonly update: (progress: Progress) => void;
  /** A line of its own above the bar. */
  readonly note: (text: string) => void;
  readonly stop: () => void;
}

/** Without a terminal a stage says so when it ends, and something is said at least this often, whatever happens. */
const LINE_EVERY_MS = 10_000;
const CHECK_EVERY_MS = 500;

/** Progress on standard error: a bar with rate and time left on a terminal, a line now and then elsewhere. */
export function openProgress(io: CliIo, now: () => number = Date.now): ProgressView {
  return io.interactive ? openBar(io, now) : openLines(io, now);
}

function seconds(value: number): string {
  if (!Number.isFinite(value)) return '?';
  if (value < 90) return `${Math.ceil(value)} s`;
  return value < 5400 ? `${Math.round(value / 60)} min` : `${(value / 3600).toFixed(1)} h`;
}

function rateOf(done: number, elapsedMs: number): { readonly rate: string; readonly perMs: number } {
  const perMs = elapsedMs > 0 ? done / elapsedMs : 0;
  const perSecond = perMs * 1000;
  return { perMs, rate: perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(2) };
}

function openBar(io: CliIo, now: () => number): ProgressView {
  let bar: SingleBar | undefined;
  let stage = '';
  let startedAt = 0;
  let startedWith = 0;
  const close = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    update: progress => {
      if (progress.stage !== stage || bar === undefined) {
        close();
        stage = progress.stage;
        startedAt = now();
        startedWith = progress.done;
      }
      const total = progress.total ?? Math.max(1, progress.done);
      if (bar === undefined) {
        bar = new SingleBar({
          format: `${stage.padEnd(24).slice(0, 24)} {bar} {percentage}% {value}/{total} {pace}`,
          barsize: Math.max(8, Math.min(24, io.columns - 60)),
          barCompleteChar: '█',
          barIncompleteChar: '░',
          hideCursor: true,
          fps: 8,
          gracefulExit: false,
          linewrap: false,
        });
        bar.start(total, progress.done, { pace: '' });
      }
      const { perMs, rate } = rateOf(progress.done - startedWith, now() - startedAt);
      const left =
        progress.total !== null && perMs > 0
          ? `, ${seconds((progress.total - progress.done) / perMs / 1000)} left`
          : '';
      bar.setTotal(total);
      bar.update(progress.done, { pace: perMs > 0 ? `${rate}/s${left}` : '' });
      if (progress.total !== null && progress.done >= progress.total) close();
    },
    note: text => {
      close();
      stage = '';
      io.err(`${text}\n`);
    },
    stop: close,
  };
}

function openLines(io: CliIo, now: () => number): ProgressView {
  let last: Progress | undefined;
  let startedAt = now();
  let startedWith = 0;
  let saidAt = startedAt;
  let finished = false;
  const say = (): void => {
    saidAt = now();
    if (last === undefined) {
      io.err(`working: ${seconds((saidAt - startedAt) / 1000)}\n`);
      return;
    }
    const { stage, done, total } = last;
    const { rate } = rateOf(done - startedWith, saidAt - startedAt);
    const amount = total === null ? `${done}` : `${done}/${total}`;
    io.err(`${stage}: ${amount}${saidAt > startedAt && done > startedWith ? `, ${rate}/s` : ''}\n`);
  };
  // What takes long without an event in between is heard of too.
  const timer = setInterval(() => {
    if (now() - saidAt < LINE_EVERY_MS) return;
    if (!finished) {
      say();
      return;
    }
    saidAt = now();
    io.err(`still working: ${seconds((saidAt - startedAt) / 1000)} since "${last?.stage}" began\n`);
  }, CHECK_EVERY_MS).unref();
  return {
    update: progress => {
      const complete = progress.total !== null && progress.done >= progress.total;
      // A stage of the same name that begins again is another one.
      if (progress.stage !== last?.stage || progress.done < last.done || (finished && !complete)) {
        startedAt = now();
        startedWith = progress.done;
        saidAt = startedAt;
        finished = false;
      }
      last = progress;
      if (finished || (!complete && now() - saidAt < LINE_EVERY_MS)) return;
      say();
      finished = complete;
    },
    note: text => {
      saidAt = now();
      io.err(`${text}\n`);
    },
    stop: () => clearInterval(timer),
  };
}
