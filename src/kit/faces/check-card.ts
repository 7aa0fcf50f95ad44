import { CARD_CHECK_NUMBERS, type ModelCard, modelCardSchema } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { Image } from '../images/index.ts';
import type { DeviceChoice } from '../tensor/index.ts';
import { CustomModel } from './custom-model.ts';
import { openLanes } from './lanes.ts';
import { cardPathOf, readCard, readModelCard } from './model-card.ts';

const WIDTH = 360;
const HEIGHT = 270;

/**
 * The picture that cards are checked with, 360 × 270: slopes, stripes and a chequer in whole numbers, so that any program draws the same bytes
 * and a wrong resize, crop, channel order or mean shows.
 */
export function cardCheckPicture(): Image {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const chequer = (Math.floor(x / 30) + Math.floor(y / 30)) % 2;
      data.set(
        [
          Math.floor((x * 255) / (WIDTH - 1)),
          Math.floor((y * 200) / (HEIGHT - 1)) + chequer * 55,
          Math.floor(((x + 2 * y) % 90) * 2.5) + chequer * 20,
        ],
        (y * WIDTH + x) * 3,
      );
    }
  }
  return { width: WIDTH, height: HEIGHT, data };
}

/** What a model gives for the picture, beside what its card says. */
export interface CardCheck {
  readonly card: ModelCard;
  /** Numbers of the embedding or logits, the first of each tenth. */
  readonly numbers: readonly number[];
  /** Largest difference from the card's numbers as a share of their root mean square; null where the card has none. */
  readonly difference: number | null;
  /** Whether that is within the card's tolerance; null where the card has no numbers. */
  readonly agrees: boolean | null;
}

/** The first number of each tenth of a row. */
const spread = (row: Float32Array): number[] =>
  Array.from({ length: CARD_CHECK_NUMBERS }, (_, i) => row[Math.floor((i * row.length) / CARD_CHECK_NUMBERS)]!);

/**
 * Runs a model on the fixed picture, as a whole image whatever its alignment, and compares ten numbers with those of its card.
 *
 * @throws {BiolensError} `input` for a model or card that is missing or wrong, or a detector, which has no row
 */
export async function checkCard(
  path: string,
  { device, signal }: { readonly device?: DeviceChoice; readonly signal?: AbortSignal } = {},
): Promise<CardCheck> {
  const { kind } = await readCard(path, modelCardSchema);
  if (kind === 'detector')
    throw new BiolensError('input', `${cardPathOf(path)}: kind expected embedder or classifier, got detector`);
  const model = await readModelCard(path, kind);
  const lanes = await openLanes(device === undefined ? {} : { device });
  try {
    const custom = new CustomModel(model, await lanes.load(model.bytes, { file: path }), lanes);
    const [seen] = await custom.see([cardCheckPicture()], undefined, { noFace: 'whole', signal });
    await custom.close();
    const numbers = spread(seen?.row ?? new Float32Array(CARD_CHECK_NUMBERS).fill(Number.NaN));
    const { check } = model.card;
    if (check === undefined) return { card: model.card, numbers, difference: null, agrees: null };
    const size = Math.hypot(...check.numbers) / Math.sqrt(CARD_CHECK_NUMBERS);
    const largest = Math.max(...numbers.map((value, i) => Math.abs(value - check.numbers[i]!)));
    const difference = largest / size;
    return { card: model.card, numbers, difference, agrees: difference <= check.tolerance };
  } finally {
    await lanes.close();
  }
}
