// Copies the weight files of the built-in networks into dist/weights/, so that the package carries them and nothing else of theirs; and the
// tour's base model beside its code.
import { copyFile, cp, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { WEIGHT_FILES } from '../src/kit/faces/weights.ts';

const origin = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
const folder = resolve(import.meta.dirname, '../dist/weights');
await mkdir(folder, { recursive: true });
for (const name of WEIGHT_FILES) await copyFile(join(origin, 'model', name), join(folder, name));
await copyFile(join(origin, 'LICENSE'), join(folder, 'LICENSE'));
const baseModel = 'app/demo/base-model';
await cp(resolve(import.meta.dirname, '../src', baseModel), resolve(import.meta.dirname, '../dist', baseModel), {
  recursive: true,
});
