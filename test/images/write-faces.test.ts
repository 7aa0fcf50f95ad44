import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sampleFaces } from '../../src/kit/drawing/sample.ts';
import { REGIONS } from '../../src/kit/drawing/spec.ts';
import {
  LABEL_COLUMNS,
  type RenderFacesOptions,
  renderFaces,
  renderPlanned,
} from '../../src/kit/drawing/write-faces.ts';
import { decodeImage } from '../../src/kit/images/decode.ts';
import { listImages } from '../../src/kit/images/folder.ts';
import { readFolderLabels } from '../../src/kit/images/labels.ts';
import { temporaryFolder } from './pictures.ts';

const OPTIONS: RenderFacesOptions = { n: 20, seed: 7, size: 32, duplicates: 0.2, skew: { gender: { male: 0.75 } } };

async function render(directory: string, options: RenderFacesOptions = OPTIONS) {
  return Array.fromAsync(renderFaces(directory, options));
}

const digest = (folder: string): string => {
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).toSorted()) hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest('hex');
};

test('images, labels and masks as planned', async () => {
  const home = temporaryFolder();
  const [directory, masks] = [join(home, 'deep', 'faces'), join(home, 'masks')];
  const events = await render(directory, { ...OPTIONS, masks });
  const dones = events.flatMap(event => (event.type === 'progress' ? [event.done] : []));
  expect(dones).toEqual(dones.toSorted((a, b) => a - b));
  expect(dones.at(-1)).toBe(20);
  expect(events.at(-1)).toEqual({ type: 'result', directory, faces: 20, duplicates: 4 });
  expect(readdirSync(home).toSorted()).toEqual(['deep', 'masks']);
  expect(readdirSync(join(home, 'deep'))).toEqual(['faces']);

  const files = (await Array.fromAsync(listImages(directory))).map(({ file }) => file);
  const plan = sampleFaces(OPTIONS);
  expect(files).toEqual(plan.map(({ file }) => file));
  for (const planned of plan.slice(0, 5)) {
    const face = renderPlanned(planned, { size: 32 });
    expect(await decodeImage(join(directory, planned.file))).toEqual(face.image);
    const mask = await decodeImage(join(masks, planned.file));
    expect(mask.data.filter((_, i) => i % 3 === 0)).toEqual(face.mask);
  }
  expect(JSON.parse(readFileSync(join(masks, 'regions.json'), 'utf8'))).toEqual(REGIONS);

  const labels = await readFolderLabels(directory, { files });
  expect(labels?.attributes).toEqual(LABEL_COLUMNS.slice(1));
  expect(labels?.unlabelled).toBe(0);
  for (const { file, spec, duplicateOf } of plan) {
    expect(labels?.byFile.get(file)).toEqual({
      identity: String(spec.identity + 1),
      gender: spec.gender,
      age_group: spec.ageGroup,
      age: String(spec.age),
      skin_tone: spec.skinTone,
      hair_style: spec.hairStyle,
      hair_color: spec.hairColour,
      expression: spec.expression,
      yaw: String(spec.yaw),
      pitch: String(spec.pitch),
      roll: String(spec.roll),
      glasses: spec.glasses,
      duplicate_of: duplicateOf,
    });
  }
  expect([...(labels?.byFile.values() ?? [])].filter(row => row.gender === 'male')).toHaveLength(15);
});

// The whole promise in one number: sha256 over names and contents of a rendered folder. For the changelog if it changes.
test('the same options are the same bytes', async () => {
  const home = temporaryFolder();
  await render(join(home, 'a'));
  await render(join(home, 'b'));
  await render(join(home, 'c'), { ...OPTIONS, seed: 8 });
  expect(digest(join(home, 'a'))).toBe(digest(join(home, 'b')));
  expect(digest(join(home, 'a'))).not.toBe(digest(join(home, 'c')));
  expect(digest(join(home, 'a'))).toMatchSnapshot();
});

test('an empty folder is filled, one with files is left alone', async () => {
  const home = temporaryFolder();
  mkdirSync(join(home, 'empty'));
  await render(join(home, 'empty'));
  expect(readdirSync(join(home, 'empty'))).toHaveLength(21);
  const before = digest(join(home, 'empty'));
  await expect(render(join(home, 'empty'), { ...OPTIONS, seed: 9 })).rejects.toMatchObject({
    code: 'input',
    message: `${join(home, 'empty')}: has files in it already; name a new or an empty folder`,
  });
  expect(digest(join(home, 'empty'))).toBe(before);
  writeFileSync(join(home, 'file'), '');
  await expect(render(join(home, 'file'))).rejects.toMatchObject({
    code: 'input',
    message: `${join(home, 'file')}: not a folder`,
  });
});

test('an interrupted or abandoned run leaves nothing', async () => {
  const home = temporaryFolder();
  const controller = new AbortController();
  const run = async () => {
    for await (const _ of renderFaces(join(home, 'a'), {
      ...OPTIONS,
      masks: join(home, 'm'),
      signal: controller.signal,
    })) {
      expect(readdirSync(home).every(name => name.endsWith('.part'))).toBe(true);
      controller.abort();
    }
  };
  await expect(run()).rejects.toMatchObject({ code: 'interrupted' });
  for await (const _ of renderFaces(join(home, 'b'), OPTIONS)) break;
  expect(readdirSync(home)).toEqual([]);
});

test('masks inside the folder of images would be taken for images', async () => {
  const home = temporaryFolder();
  for (const masks of [join(home, 'faces', 'masks'), join(home, 'faces')]) {
    await expect(render(join(home, 'faces'), { ...OPTIONS, masks })).rejects.toMatchObject({ code: 'usage' });
  }
  expect(readdirSync(home)).toEqual([]);
});

test('options out of range are refused before anything is written', async () => {
  const home = temporaryFolder();
  await expect(render(join(home, 'a'), { ...OPTIONS, size: 20 })).rejects.toMatchObject({ code: 'usage' });
  await expect(render(join(home, 'a'), { ...OPTIONS, n: 0 })).rejects.toMatchObject({ code: 'usage' });
  expect(readdirSync(home)).toEqual([]);
});
