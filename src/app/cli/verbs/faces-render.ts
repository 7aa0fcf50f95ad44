import type { Command } from 'commander';
import type { CliIo } from '../io.ts';
import { addExamples, addSeedOption, collect, numberIn, wholeNumber } from '../options.ts';
import { printJson, work } from '../work.ts';

interface RenderOptions {
  readonly number: number;
  readonly output: string;
  readonly size: number;
  readonly seed: number;
  readonly skew: readonly string[];
  readonly duplicates: number;
  readonly duplicated?: number;
  readonly identities?: number;
  readonly masks?: string;
  readonly json?: boolean;
}

async function render(options: RenderOptions, io: CliIo): Promise<void> {
  const { parseSkew, renderFaces } = await import('../../../kit/drawing/index.ts');
  const { number: n, output, size, seed, duplicates, duplicated, identities, masks } = options;
  const skew = parseSkew(options.skew);
  await work(io, async ({ signal, progress }) => {
    for await (const event of renderFaces(output, {
      n,
      size,
      seed,
      skew,
      duplicates,
      duplicated,
      identities,
      masks,
      signal,
    })) {
      if (event.type === 'progress') progress.update({ stage: 'drawing', done: event.done, total: event.total });
      else if (options.json)
        printJson(io, {
          schema: 'biolens/faces-render@1',
          directory: event.directory,
          faces: event.faces,
          duplicates: event.duplicates,
        });
      else
        io.out(
          `${event.directory}: ${event.faces} faces of ${size}×${size} pixels, ${event.duplicates} of them copies; labels.csv beside them\n`,
        );
    }
  });
}

/** `biolens faces render` */
export function registerRender(faces: Command, io: CliIo): void {
  addExamples(
    addSeedOption(
      faces
        .command('render')
        .description('draw a labelled set of faces; the same options give the same bytes everywhere')
        .requiredOption('-n, --number <n>', 'images to draw', wholeNumber(1, 9_999_999))
        .requiredOption('-o, --output <dir>', 'new folder for the images and labels.csv'),
    )
      .option('--size <pixels>', 'side of the images, 32 to 256', wholeNumber(32, 256), 64)
      .option(
        '--skew <shares>',
        'shares of classes, such as gender=0.8 (of the first class) or skinTone=monk-3:0.5; may be repeated',
        collect,
        [],
      )
      .option('--duplicates <share>', 'share of images that copy an earlier one', numberIn(0, 0.99), 0)
      .option('--duplicated <m>', 'how many images are copied (default: any)', wholeNumber(1))
      .option(
        '--identities <m>',
        'people, each in several images (default: a new person in each image)',
        wholeNumber(1),
      )
      .option('--masks <dir>', 'new folder for region masks')
      .option('--json', 'print the result as JSON on standard output'),
    'biolens faces render -n 700 -o drawn --skew gender=0.8 --duplicates 0.1',
  ).action((options: RenderOptions) => render(options, io));
}
