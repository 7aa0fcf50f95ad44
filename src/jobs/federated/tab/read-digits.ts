import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { type Digits, joinDigits, MOST_DIGITS, readIdx } from '../tasks/mnist/idx.ts';
import { SIDE } from '../tasks/models.ts';

const MOST_BYTES = 16 + MOST_DIGITS * SIDE * SIDE;

const depthOf = ({ webkitRelativePath }: File): number => webkitRelativePath.split('/').length;

/** A published file, compressed or not; of several the one that lies highest. */
function findFile(files: readonly File[], name: string): File {
  const [found] = files
    .filter(file => file.name === name || file.name === `${name}.gz`)
    .sort((a, b) => depthOf(a) - depthOf(b));
  if (found !== undefined) return found;
  throw new BiolensError('input', `the folder has no ${name}.gz: expected the IDX files of MNIST`);
}

/** All bytes of a stream, as long as there are not too many. */
async function collect(stream: ReadableStream<Uint8Array>, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > MOST_BYTES) {
      await reader.cancel();
      throw new BiolensError('input', `${name}: more than ${MOST_BYTES} bytes`);
    }
    parts.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function readWhole(file: File): Promise<Uint8Array> {
  const stream = file.name.endsWith('.gz') ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream();
  try {
    return await collect(stream, file.name);
  } catch (error) {
    if (error instanceof BiolensError) throw error;
    throw new BiolensError('input', `${file.name}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * The digits to train on in a folder that was chosen in a browser.
 *
 * @throws {BiolensError} `input` naming the file that is missing or wrong
 */
export async function readDigitFiles(
  files: readonly File[],
): Promise<{ readonly digits: Digits; readonly files: readonly string[] }> {
  const images = findFile(files, 'train-images-idx3-ubyte');
  const labels = findFile(files, 'train-labels-idx1-ubyte');
  const digits = joinDigits(
    readIdx(await readWhole(images), 'images', images.name),
    readIdx(await readWhole(labels), 'labels', labels.name),
    'the folder',
  );
  return { digits, files: [images.name, labels.name] };
}
