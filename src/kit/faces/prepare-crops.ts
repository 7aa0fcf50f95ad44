import type { ModelCard } from '../../ground/contracts/index.ts';
import { cropImage, type Image, resizeImage, resizeLikePillow } from '../images/index.ts';

type CardInput = ModelCard['input'];

/** Half to the nearest even number, as Python and so torchvision round the corner of a crop. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

function resize(image: Image, { width, height, kernel }: Pick<CardInput, 'width' | 'height' | 'kernel'>) {
  return kernel === undefined
    ? resizeImage(image, { width, height })
    : resizeLikePillow(image, { width, height, kernel });
}

/** An image whose shorter side is `length`; the longer one is cut to whole pixels, as torchvision does. */
function toShorterSide(image: Image, length: number, kernel: CardInput['kernel']) {
  const longer = Math.trunc((length * Math.max(image.width, image.height)) / Math.min(image.width, image.height));
  const [width, height] = image.width <= image.height ? [length, longer] : [longer, length];
  return resize(image, { width, height, kernel });
}

/**
 * What a model is fed of an image, each `input.width` × `input.height`: one, or five where the card's crop says so, in the order of
 * torchvision's `FiveCrop` (top left, top right, bottom left, bottom right, middle).
 */
export async function cropsOf(image: Image, input: CardInput): Promise<readonly Image[]> {
  const { width, height, length, crop, kernel } = input;
  if (input.resize === 'stretch' || length === undefined) return [await resize(image, input)];
  const resized = await toShorterSide(image, length, kernel);
  const [right, bottom] = [resized.width - width, resized.height - height];
  const at = (x: number, y: number): Image => cropImage(resized, { x, y, width, height });
  const middle = at(roundHalfToEven(right / 2), roundHalfToEven(bottom / 2));
  return crop === 'five' ? [at(0, 0), at(right, 0), at(0, bottom), at(right, bottom), middle] : [middle];
}
