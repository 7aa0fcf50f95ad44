import { type Command, Option } from 'commander';
import { BiolensError } from '../../../ground/errors.ts';
import type { CardCheck } from '../../../kit/faces/index.ts';
import type { DeviceChoice } from '../../../kit/tensor/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { formatTable } from '../../../kit/text/table.ts';
import type { CliIo } from '../io.ts';
import { addCommonOptions, addExamples } from '../options.ts';
import { printJson, work } from '../work.ts';

interface CheckOptions {
  readonly picture?: string;
  readonly json?: boolean;
  readonly device: DeviceChoice;
}

async function writePicture(path: string): Promise<void> {
  const [{ cardCheckPicture }, { encodePng }, { writeAtomically }] = await Promise.all([
    import('../../../kit/faces/index.ts'),
    import('../../../kit/images/index.ts'),
    import('../../../ground/disk.ts'),
  ]);
  await writeAtomically(path, await encodePng(cardCheckPicture()));
}

function describe(model: string, { card, numbers, difference, agrees }: CardCheck): string {
  const facts = [
    ['name', card.name],
    ['kind', card.kind],
    ['source', card.source ?? 'not said'],
    ['licence', card.license ?? 'not said'],
    ['SHA-256', card.sha256 === undefined ? 'not said, not checked' : 'as the card says'],
  ] as const;
  const rows = numbers.map((value, i) => [
    String(i + 1),
    value.toPrecision(5),
    card.check?.numbers[i]?.toPrecision(5) ?? '–',
  ]);
  const right = (title: string) => ({ title, align: 'right' as const });
  const share = (value: number) => `${(100 * value).toPrecision(2)} %`;
  const verdict =
    agrees === null
      ? `The card has no numbers to compare with.`
      : `${agrees ? 'The numbers agree' : 'The numbers differ'}: by ${share(difference ?? 0)} of their size at most, ${share(card.check?.tolerance ?? 0)} is allowed.`;
  return [
    `${printable(model)}\n`,
    ...facts.map(([what, text]) => `  ${what.padEnd(8)}  ${printable(text)}\n`),
    '\n',
    formatTable([right('number'), right('this model'), right('its card')], rows),
    `\n${verdict}\n`,
  ].join('');
}

async function check(model: string | undefined, options: CheckOptions, io: CliIo): Promise<void> {
  const { picture, device } = options;
  if (picture !== undefined) await writePicture(picture);
  if (model === undefined) {
    if (picture === undefined) throw new BiolensError('usage', 'expected a model, or --picture <file>');
    if (options.json) return printJson(io, { schema: 'biolens/faces-check-card@1', picture });
    io.out(`${printable(picture)}: the picture that cards are checked with\n`);
    return;
  }
  const { checkCard, hubModelPath, isHubModel } = await import('../../../kit/faces/index.ts');
  const path = isHubModel(model) ? hubModelPath(model) : model;
  const found = await work(io, ({ signal }) => checkCard(path, { device, signal }));
  if (options.json) printJson(io, { schema: 'biolens/faces-check-card@1', model: path, ...found });
  else io.out(describe(path, found));
  if (found.agrees === false)
    throw new BiolensError('gate', `${path}: gives other numbers for the picture than its card says`);
}

/** `biolens faces check-card` */
export function registerCheckCard(faces: Command, io: CliIo): void {
  addExamples(
    addCommonOptions(
      faces
        .command('check-card [model]')
        .description('does an ONNX model give, fed as its card says, the numbers that its authors get')
        .addOption(new Option('--picture <file>', 'write the picture that it is compared on as a PNG')),
    ),
    'biolens faces check-card sscd.onnx',
  ).action((model: string | undefined, options: CheckOptions) => check(model, options, io));
}
