import { expect, test } from 'vitest';
import { chooseAdapter } from '../../../src/jobs/bench/build/adapters/index.ts';
import { ADAPTERS, type LabelledImage } from '../../../src/jobs/bench/build/index.ts';
import { SourceFolder } from '../../../src/jobs/bench/build/source-folder.ts';
import { temporaryFolder, writeFiles } from '../official-folder.ts';
import { checkBuilt, collectBuild } from './check-built.ts';
import { LAYOUTS } from './layouts.ts';

/** Angles come from matrices of six digits. */
const rounded = (image: LabelledImage): LabelledImage =>
  image.pose === undefined
    ? image
    : {
        ...image,
        pose: {
          yaw: Number(image.pose.yaw.toFixed(3)) + 0,
          pitch: Number(image.pose.pitch.toFixed(3)) + 0,
          roll: Number(image.pose.roll.toFixed(3)) + 0,
        },
      };

test.each(LAYOUTS.map((layout, i) => [`${i + 1}: ${layout.adapter}`, layout] as const))(
  'layout %s: told from the others, read, and made into questions',
  async (_, { adapter, files, images: count, labels, tasks }) => {
    await using folder = await temporaryFolder();
    const from = `${folder.path}/source`;
    await writeFiles(from, await files());
    const source = await SourceFolder.open(from);
    const chosen = await chooseAdapter(source);
    expect(chosen.name).toBe(adapter);

    const images = new Map<string, LabelledImage>();
    for await (const image of chosen.read(source, { seed: 0 })) images.set(image.file, rounded(image));
    expect(images.size).toBe(count);
    for (const [file, said] of Object.entries(labels)) {
      const image = images.get(file);
      const told = Object.fromEntries(Object.keys(said).map(name => [name, image?.[name as keyof typeof image]]));
      expect({ file: image?.file, ...told }).toEqual({ file, ...said });
    }

    const to = `${folder.path}/built`;
    const build = await collectBuild({ from, to, tasks, perTask: 4 });
    expect(build.shortfalls).toEqual([]);
    expect(build.byTask).toEqual(Object.fromEntries(tasks.map(task => [task, 4])));
    await checkBuilt(to, { from });
  },
);

test('every adapter has its folder here, and a name of its own', () => {
  const tested = new Set(LAYOUTS.map(({ adapter }) => adapter));
  const names = ADAPTERS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  // Those two have tests of their own.
  expect(names.filter(name => !tested.has(name))).toEqual(['drawn', 'tool-scenarios']);
});
