import type { Command } from 'commander';
import { printable } from '../../../kit/text/printable.ts';
import type { CliIo } from '../io.ts';
import { addExamples, wholeNumber } from '../options.ts';
import { printJson, work } from '../work.ts';

interface WhitenOptions {
  readonly output: string;
  readonly size: number;
  readonly width: number;
  readonly json?: boolean;
}

async function whiten(directory: string, { output, size, width, json }: WhitenOptions, io: CliIo): Promise<void> {
  const { fitWhitening } = await import('../../../kit/face-training/index.ts');
  const result = await work(io, async ({ signal, progress }) => {
    const events = fitWhitening(directory, { output, size, width, signal });
    let step = await events.next();
    while (!step.done) {
      if (step.value.type === 'read') progress.update({ stage: 'reading images', ...step.value });
      step = await events.next();
    }
    return step.value;
  });
  if (json) return printJson(io, { schema: 'biolens/faces-whiten@1', ...result });
  io.out(
    `${printable(output)}: ${result.width} components of ${result.pictures} images hold ${(100 * result.explained).toFixed(1)} % of their variance; model card in ${printable(result.card)}\n`,
  );
  if (result.skipped.length > 0) {
    const [first] = result.skipped;
    io.err(`${result.skipped.length} skipped, such as ${printable(first!.file)}: ${printable(first!.reason)}\n`);
  }
}

/** `biolens faces whiten` */
export function registerWhiten(faces: Command, io: CliIo): void {
  addExamples(
    faces
      .command('whiten <dir>')
      .description('fit an embedder of whole images to a folder, for finding copies among small or drawn images')
      .requiredOption('-o, --output <file>', 'the .onnx file to write; its model card goes beside it, in .json')
      .option('--size <pixels>', 'side that images are resized to, 8 to 64', wholeNumber(8, 64), 16)
      .option('--width <n>', 'dimensions of an embedding, fewer than there are images', wholeNumber(1), 64)
      .option('--json', 'print the result as JSON on standard output'),
    'biolens faces whiten others -o looks.onnx',
    'biolens audit --train drawn --heldout others --generated samples --embedder looks.onnx',
  ).action((directory: string, options: WhitenOptions) => whiten(directory, options, io));
}
