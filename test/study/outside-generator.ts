import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A generator that a study does not know: `train IMAGES MODEL SIZE SEED` keeps copies of its training images, `sample MODEL N SEED DIR` gives them out
 * again one after another. `MODE=fails`, `MODE=empty` and `MODE=short` do something wrong.
 */
const [verb = '', ...args] = process.argv.slice(2);
const mode = process.env.MODE;

if (verb === 'train') {
  const [images = '', model = '', size = '', seed = ''] = args;
  if (mode === 'fails') throw new Error('out of memory');
  const names = (await readdir(images)).sort();
  if (names.length !== Number(size)) throw new Error(`${names.length} images, expected ${size}`);
  if (mode !== 'empty') {
    for (const name of names) await copyFile(join(images, name), join(model, name));
    await writeFile(join(model, 'model.json'), JSON.stringify({ seed: Number(seed), names }));
  }
} else {
  const [model = '', n = '', seed = '', dir = ''] = args;
  const { names } = JSON.parse(await readFile(join(model, 'model.json'), 'utf8'));
  for (let i = 0; i < Number(n) - (mode === 'short' ? 1 : 0); i++)
    await copyFile(
      join(model, names[(i + Number(seed)) % names.length]),
      join(dir, `${String(i).padStart(4, '0')}.png`),
    );
}
