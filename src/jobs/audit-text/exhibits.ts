import leven from 'leven';
import type { Exhibit } from '../../ground/contracts/index.ts';
import type { TextFile } from './documents/list-files.ts';
import { type Normalisation, normaliseText } from './documents/normalise.ts';
import type { Layout } from './documents/read-documents.ts';
import { readStretches, type Stretch } from './documents/read-stretches.ts';
import type { MeasuredRun } from './measure/measure-text.ts';
import { codePointsOf } from './measure/words.ts';

/** Bytes shown on both sides of a run, and of a run itself, at most. */
const AROUND = 240;
const MOST_SHOWN = 6000;
/** Characters of two texts that are compared edit by edit, at most. */
const MOST_EDITED = 3000;
/** A normalised run may have been so much longer before. */
const GROWTH = 4;

/** A run of the corpus as it stands there. */
export interface TrainingSide {
  /** Bytes and code points that it takes. */
  readonly bytes: number;
  readonly codePoints: number;
  readonly before: Buffer;
  readonly text: Buffer;
  readonly after: Buffer;
}

const isContinued = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Text without the parts of code points at its ends. */
export function whole(bytes: Uint8Array): string {
  let [from, to] = [0, bytes.length];
  while (from < 3 && isContinued(bytes[from])) from++;
  // A code point that begins in the last three bytes may not end there.
  for (let back = 1; back <= 3 && back <= to; back++) {
    const byte = bytes[to - back]!;
    if (isContinued(byte)) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    if (length > back) to -= back;
    break;
  }
  return Buffer.from(bytes.subarray(from, to)).toString('utf8');
}

export interface SideOptions {
  readonly files: readonly TextFile[];
  readonly layout: Layout;
  readonly rules: readonly Normalisation[];
  readonly signal?: AbortSignal | undefined;
}

/** Reads runs in the corpus once more, with what stands around them, in their order. */
export async function readSides(
  runs: readonly MeasuredRun[],
  { files, layout, rules, signal }: SideOptions,
): Promise<TrainingSide[]> {
  const stretches = runs.map(({ at, lookedAt }): Stretch => {
    const length = rules.length === 0 ? lookedAt : GROWTH * lookedAt + 1024;
    return { file: at.file, row: at.row, from: at.byte - AROUND, to: at.byte + length + AROUND };
  });
  const found = await readStretches(files, stretches, { layout, signal });
  return runs.map(({ at, lookedAt }, i) => {
    const all = found.get(stretches[i]!) ?? Buffer.alloc(0);
    const start = Math.min(AROUND, at.byte);
    const rest = all.subarray(start);
    let bytes = lookedAt;
    if (rules.length > 0) {
      const { bytes: changed, origins } = normaliseText(rest, rules);
      bytes = lookedAt < changed.length ? origins.bytes[lookedAt]! : rest.length;
    }
    const text = rest.subarray(0, bytes);
    return {
      bytes,
      codePoints: codePointsOf(text)[text.length]!,
      before: all.subarray(0, start),
      text,
      after: rest.subarray(bytes, bytes + AROUND),
    };
  });
}

/** A run beside its original, for the page. */
export function exhibitOf(
  run: number,
  measured: MeasuredRun,
  sides: { readonly generated: Uint8Array; readonly training: TrainingSide },
): Exhibit {
  const { generated, training } = sides;
  const { start, end } = measured;
  return {
    run,
    generated: {
      before: whole(generated.subarray(Math.max(0, start - AROUND), start)),
      text: whole(generated.subarray(start, Math.min(end, start + MOST_SHOWN))),
      after: end - start > MOST_SHOWN ? '' : whole(generated.subarray(end, end + AROUND)),
    },
    training: {
      before: whole(training.before),
      text: whole(training.text.subarray(0, MOST_SHOWN)),
      after: training.text.length > MOST_SHOWN ? '' : whole(training.after),
    },
  };
}

/** Where the original of a whole text would stand, if all of it were as far from the run as in the text. */
export function besideText(run: MeasuredRun, length: number): Stretch {
  const from = run.at.byte - run.start;
  return { file: run.at.file, row: run.at.row, from, to: from + length };
}

/** Edits between two texts over the longer length, 0 for equal ones; null where they are too long to compare. */
export function editDistanceOf(text: Uint8Array, original: Uint8Array): number | null {
  const [a, b] = [whole(text), whole(original)];
  const longer = Math.max(a.length, b.length);
  if (longer === 0 || longer > MOST_EDITED) return null;
  return leven(a, b) / longer;
}
