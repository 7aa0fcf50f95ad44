import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { auditReportSchema, type PrivacyRelease, type SetName } from '../../../ground/contracts/index.ts';
import { fileError, readJsonFile, writeAtomically } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { formatTable } from '../../../kit/text/table.ts';
import { formatShare, wrap } from '../../../kit/text/wrap.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples, numberIn } from '../options.ts';
import { printJson } from '../work.ts';

type Classes = ReadonlyMap<string, readonly string[]>;
type Counts = Record<string, Record<string, number>>;

interface ReleaseOptions {
  readonly attribute: Classes;
  readonly set: Exclude<SetName, 'heldout'>;
  readonly epsilon: number;
  readonly delta?: number;
  readonly ledger: string;
  readonly budget?: number;
  readonly to: string;
  readonly output?: string;
  readonly json?: boolean;
}

/** `gender=male,female` beside those given before. */
function readClasses(text: string, before: Classes | undefined): Classes {
  const at = text.indexOf('=');
  const [name, classes] = [text.slice(0, Math.max(0, at)).trim(), text.slice(at + 1).split(',')];
  const own = classes.map(word => word.trim());
  if (name === '' || own.length < 2 || own.includes('') || new Set(own).size < own.length)
    throw new InvalidArgumentError(`expected an attribute and its classes, as in gender=male,female, got "${text}"`);
  if (before?.has(name)) throw new InvalidArgumentError(`"${name}" is given twice`);
  return new Map([...(before ?? []), [name, own]]);
}

const zeros = (classes: readonly string[]): Record<string, number> =>
  Object.fromEntries(classes.map(name => [name, 0]));

/** Counts of the classes asked for in a label table; other values count in none. */
async function countTable(path: string, attributes: Classes): Promise<Counts> {
  const { readLabels } = await import('../../../kit/images/index.ts');
  const labels = await readLabels(path);
  const counts: Counts = {};
  for (const [attribute, classes] of attributes) {
    if (!labels.attributes.includes(attribute))
      throw new BiolensError('input', `${path}: no column "${attribute}", it has ${labels.attributes.join(', ')}`);
    const own = zeros(classes);
    // One spelling was made of values that differ in case alone; it need not be the one that was asked for.
    const meant = new Map(classes.map(name => [name.toLowerCase(), name]));
    for (const values of labels.byFile.values()) {
      const name = meant.get(values[attribute]?.toLowerCase() ?? '');
      if (name !== undefined) own[name] = own[name]! + 1;
    }
    counts[attribute] = own;
  }
  return counts;
}

/** Counts from the shares of an audit's report, which are counts over their number. */
async function countReport(path: string, { attribute: attributes, set }: ReleaseOptions): Promise<Counts> {
  const parsed = auditReportSchema.safeParse(await readJsonFile(path, { mostBytes: 2 ** 28 }));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BiolensError(
      'input',
      `${path}: not the report of an audit: "${issue?.path.join('.')}" ${issue?.message}`,
    );
  }
  const found = parsed.data.bias.attributes;
  const counts: Counts = {};
  for (const [attribute, classes] of attributes) {
    const shares = found[attribute]?.[set];
    if (shares === undefined)
      throw new BiolensError('input', `${path}: no attribute "${attribute}", it has ${Object.keys(found).join(', ')}`);
    const own = zeros(classes);
    for (const name of classes) {
      const metric = shares[name];
      if (metric === undefined)
        throw new BiolensError(
          'input',
          `${path}: "${attribute}" has no class "${name}", it has ${Object.keys(shares).join(', ')}`,
        );
      own[name] = Math.round((metric.value ?? 0) * metric.n);
    }
    counts[attribute] = own;
  }
  return counts;
}

async function countsOf(path: string, options: ReleaseOptions): Promise<Counts> {
  if (path.endsWith('.json')) return await countReport(path, options);
  const found = await stat(path).catch((error: unknown) => {
    throw fileError(path, error);
  });
  return await countTable(found.isDirectory() ? join(path, 'labels.csv') : path, options.attribute);
}

function describe({ attributes, epsilon, delta, event, ledger }: PrivacyRelease): string {
  const tables = Object.entries(attributes).map(([attribute, shares]) =>
    formatTable(
      [{ title: attribute, maxWidth: 24 }, { title: 'share [95 % CI with the noise]' }],
      Object.entries(shares).map(([name, metric]) => [name, formatShare(metric)]),
    ),
  );
  const spent =
    ledger.epsilon === null
      ? 'no ε bounds it any more'
      : `ε ${Number(ledger.epsilon.toPrecision(4))} at δ ${ledger.delta} in all`;
  const cost = `ε ${Number(epsilon.toPrecision(4))}${delta === 0 ? '' : ` at δ ${delta}`} for one person added or removed (${event.mechanism}); ${ledger.file}: ${ledger.events} ${ledger.events === 1 ? 'release' : 'releases'}, ${spent}`;
  return `${tables.join('\n')}\n${wrap(cost, 80, '')}\n`;
}

async function release(path: string, options: ReleaseOptions, io: CliIo): Promise<void> {
  const [{ leastEpsilon, releaseShares, spentOf }, { openLedger }] = await Promise.all([
    import('../../../kit/privacy/index.ts'),
    import('../../../kit/privacy/node.ts'),
  ]);
  const { epsilon, delta, budget, to, output } = options;
  const counts = await countsOf(path, options);
  await using ledger = await openLedger(options.ledger);
  const released = releaseShares(counts, { epsilon, to, ...(delta === undefined ? {} : { delta }) });
  const totalDelta = delta ?? 1e-6;
  // Refused before anything is written: a ledger of another unit, or one whose budget this would exceed.
  const spent = leastEpsilon(spentOf([...ledger.events, released.event], { delta: totalDelta }));
  if (budget !== undefined && spent > budget)
    throw new BiolensError(
      'input',
      `${options.ledger}: this release would exceed --budget ${budget}; nothing was released`,
    );
  await ledger.append(released.event);
  const result: PrivacyRelease = {
    schema: 'biolens/privacy-release@1',
    attributes: Object.fromEntries(Object.entries(released.attributes).map(([name, shares]) => [name, { ...shares }])),
    counts: Object.fromEntries(Object.entries(released.counts).map(([name, own]) => [name, { ...own }])),
    epsilon,
    delta: delta ?? 0,
    event: released.event,
    ledger: {
      file: options.ledger,
      events: ledger.events.length,
      epsilon: Number.isFinite(spent) ? spent : null,
      delta: totalDelta,
    },
  };
  if (output !== undefined) await writeAtomically(output, `${JSON.stringify(result, null, 2)}\n`);
  if (options.json) return printJson(io, result);
  io.out(describe(result));
}

/** `biolens privacy release` */
export function registerPrivacyRelease(program: Command, io: CliIo): void {
  addExamples(
    groupOf(program, 'privacy')
      .command('release')
      .description('shares of attributes in a private set, with noise: their ε, and intervals widened by the noise')
      .argument(
        '<labels>',
        "a table of labels, a folder with labels.csv, or an audit's report.json; one row is one person",
      )
      .addOption(
        new Option('--attribute <classes>', 'an attribute and its classes, as in gender=male,female; may be repeated')
          .argParser(readClasses)
          .makeOptionMandatory(),
      )
      .requiredOption('--epsilon <epsilon>', 'what the release may cost', numberIn(1e-3, 100))
      .option('--delta <delta>', 'normal noise with this chance of no guarantee (default: none)', numberIn(1e-12, 0.01))
      .requiredOption('--ledger <file>', 'where the release is written down before it leaves; made if it is not there')
      .option('--budget <epsilon>', 'release nothing if the ledger would exceed this', numberIn(1e-3, 1e6))
      .addOption(
        new Option('--set <name>', "set of an audit's report").choices(['training', 'generated']).default('training'),
      )
      .option('--to <who>', 'who sees it, for the ledger', 'public')
      .option('-o, --output <file>', 'write the result there as JSON, too')
      .option('--json', 'print the result as JSON on standard output'),
    'biolens privacy release labels.csv --attribute gender=male,female --epsilon 1 --ledger ledger.jsonl',
    'biolens privacy release runs/ID/report.json --attribute gender=male,female --epsilon 0.5 --delta 1e-6 --ledger ledger.jsonl --budget 3',
  ).action((path: string, options: ReleaseOptions) => release(path, options, io));
}
