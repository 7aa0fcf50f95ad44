import type { Answer } from '../../../ground/contracts/bench.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { Journal } from './answer-log.ts';

/** So many failures without a reply between them are an outage, which is nothing to record about the questions. */
export const OUTAGE = 32;

/** Errors with which a living endpoint turns down one request, such as more images than its model takes. */
const ABOUT_THE_QUESTION: ReadonlySet<string> = new Set(['bad-request', 'context-too-long']);

export interface RecorderOptions {
  readonly journal: Pick<Journal, 'append'>;
  /** Answers of earlier stretches show that the endpoint has worked. */
  readonly answeredBefore: boolean;
  /** Called when an answer is safe on disk. */
  readonly onRecorded: (answer: Answer) => void;
}

/**
 * Writes answers down, and errors once it is clear that they are about the question: an error of the endpoint is held
 * back until a later reply shows that the endpoint lives. So an outage leaves no errors behind, and resuming asks those
 * questions again. A request that is turned down as such is held back only until the first reply: before it, the
 * settings may be what every request is turned down for.
 */
export interface Recorder {
  /** A reply came. */
  replied(answer: Answer): Promise<void>;
  /** @throws BiolensError `external` when this makes an outage */
  failed(answer: Answer): Promise<void>;
  /** An error that has nothing to do with the endpoint. */
  refusedHere(answer: Answer): Promise<void>;
  /**
   * Nothing more comes.
   *
   * @throws BiolensError `external` where the endpoint never gave a reply
   */
  finish(): Promise<void>;
}

export function createRecorder({ journal, answeredBefore, onRecorded }: RecorderOptions): Recorder {
  let heldBack: Answer[] = [];
  let alive = answeredBefore;

  const write = async (answer: Answer): Promise<void> => {
    await journal.append(answer);
    onRecorded(answer);
  };
  const writeHeldBack = async (): Promise<void> => {
    const answers = heldBack;
    heldBack = [];
    await Promise.all(answers.map(write));
  };
  const giveUp = (what: string): never => {
    const last = heldBack.at(-1)?.error;
    const message = `${what}: ${last?.message ?? 'unknown error'}; nothing was recorded for these, so the run can be resumed`;
    throw new BiolensError('external', message, { details: { kind: last?.kind, failures: heldBack.length } });
  };

  return {
    async replied(answer) {
      alive = true;
      await Promise.all([writeHeldBack(), write(answer)]);
    },
    async failed(answer) {
      if (alive && ABOUT_THE_QUESTION.has(answer.error?.kind ?? '')) return write(answer);
      heldBack.push(answer);
      if (heldBack.length >= OUTAGE) giveUp(`${heldBack.length} questions in a row failed`);
    },
    refusedHere: write,
    async finish() {
      if (heldBack.length > 0 && !alive) giveUp('no question got a reply');
      await writeHeldBack();
    },
  };
}
