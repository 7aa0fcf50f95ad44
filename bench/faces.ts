import { type FaceAnalyser, openFaceAnalyser } from '../src/kit/faces/index.ts';
import { decodeImage, type Image } from '../src/kit/images/index.ts';
import { congress, type Portrait, readPortraits } from '../test/faces/data.ts';
import { openReference, type Reference } from '../test/faces/reference.ts';
import type { BenchResult } from './bench-result.ts';

const PORTRAITS = 40;
const ROUNDS = 3;

/** One way of doing the same work, by us and by the peer, over all portraits; returns faces found. */
interface Contest {
  readonly title: string;
  ours(): Promise<number>;
  theirs(): Promise<number>;
}

/** Runs `work` over items, so many at a time, and adds up what it returns. */
async function sumOver<T>(items: readonly T[], atATime: number, work: (item: T) => Promise<number>): Promise<number> {
  const queue = items.values();
  let sum = 0;
  const drain = async () => {
    for (const item of queue) {
      const count = await work(item);
      sum += count;
    }
  };
  await Promise.all(Array.from({ length: atATime }, drain));
  return sum;
}

function contests(
  portraits: readonly Portrait[],
  images: readonly Image[],
  { analyser, reference }: { readonly analyser: FaceAnalyser; readonly reference: Reference },
): Contest[] {
  const analyseOne = async (image: Image) => (await analyser.analyse([image]))[0]!.length;
  const referenceOne = async (image: Image) => (await reference.analyse(image)).length;
  // Two more are being decoded.
  const atATime = analyser.concurrency + 2;
  return [
    {
      title: 'everything, decoding included',
      ours: () => sumOver(portraits, atATime, async ({ path }) => analyseOne(await decodeImage(path))),
      theirs: () => sumOver(portraits, 1, async ({ path }) => referenceOne(await decodeImage(path))),
    },
    {
      title: 'everything, decoded before',
      ours: async () => (await analyser.analyse(images)).flat().length,
      theirs: () => sumOver(images, 1, referenceOne),
    },
    {
      title: 'detection only, decoded before',
      ours: async () => (await analyser.detect(images)).flat().length,
      theirs: () => sumOver(images, 1, image => reference.detect(image)),
    },
  ];
}

async function msPerPortrait(work: () => Promise<number>): Promise<number> {
  const start = performance.now();
  const faces = await work();
  const ms = (performance.now() - start) / PORTRAITS;
  if (faces !== PORTRAITS) throw new Error(`${faces} faces found in ${PORTRAITS} portraits`);
  return ms;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** The built-in face networks beside the package they come from, on its WebAssembly backend, round by round in one process. */
export async function bench(): Promise<BenchResult> {
  if (congress.missing) throw new Error('the bench of faces needs the portraits in ../shared/data/congress');
  const portraits = readPortraits().slice(0, PORTRAITS);
  const images = await Promise.all(portraits.map(({ path }) => decodeImage(path)));
  const reference = await openReference();
  await using analyser = await openFaceAnalyser({ device: 'cpu' });
  const all = contests(portraits, images, { analyser, reference });
  // The first image of each side compiles and allocates.
  await analyser.analyse(images.slice(0, 4));
  await reference.analyse(images[0]!);
  const times = all.map(() => ({ ours: [] as number[], theirs: [] as number[] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, { ours, theirs }] of all.entries()) {
      times[i]!.ours.push(await msPerPortrait(ours));
      times[i]!.theirs.push(await msPerPortrait(theirs));
    }
  }
  const rows = all.map(({ title }, i) => {
    const [ours, theirs] = [median(times[i]!.ours), median(times[i]!.theirs)];
    return [title, ours.toFixed(1), theirs.toFixed(1), (theirs / ours).toFixed(1)];
  });
  return {
    title: 'Faces: detection, landmarks, age, gender, expression and embedding',
    columns: ['milliseconds a portrait', 'biolens', 'face-api on TensorFlow.js wasm', 'ratio'],
    rows,
    notes: [
      `${PORTRAITS} Congress portraits of 225 × 275; both sides find one face in each; medians of ${ROUNDS} interleaved rounds`,
      'the same networks and weights on both sides, equal outputs by test/faces/parity.test.ts; TensorFlow.js has no threads in Node',
    ],
  };
}
