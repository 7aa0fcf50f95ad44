import { type Command, Option } from 'commander';
import { type PrivacyAccount, type PrivacyEvent, privacyAccountSchema } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { checkGatePath, checkGates, parseGate, toJsonSchema } from '../../../kit/job/index.ts';
import type { PlannedSteps, Spent } from '../../../kit/privacy/index.ts';
import { formatTable } from '../../../kit/text/table.ts';
import { wrap } from '../../../kit/text/wrap.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples, gateOption, numberIn, wholeNumber } from '../options.ts';
import { printJson } from '../work.ts';

interface AccountOptions {
  readonly noise?: number;
  readonly epsilon?: number;
  readonly samplingRate?: number;
  readonly sampling?: PlannedSteps['sampling'];
  readonly steps?: number;
  readonly ledger?: string;
  readonly delta: number;
  readonly failOn: readonly string[];
  readonly json?: boolean;
}

const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);

/** What both bounds are, and why one is missing. */
function boundsOf({ epsilon, pldReason, inClear, order }: Spent): Pick<PrivacyAccount, 'epsilon' | 'reason' | 'order'> {
  const rdp = finite(epsilon.rdp);
  const pld = finite(epsilon.pld);
  const clear = `${inClear} ${inClear === 1 ? 'release' : 'releases'} in clear`;
  const reason = inClear > 0 ? clear : (pldReason ?? 'the noise is too small for any bound');
  return { epsilon: { rdp, pld }, order, ...(rdp === null || pld === null ? { reason } : {}) };
}

async function planned(options: AccountOptions): Promise<PrivacyAccount> {
  const { calibrateNoise, planSpent } = await import('../../../kit/privacy/index.ts');
  const { samplingRate = 1, steps = 1, delta, epsilon } = options;
  const sampling = options.sampling ?? (samplingRate < 1 ? 'poisson' : 'none');
  if (sampling === 'none' && samplingRate < 1)
    throw new BiolensError('usage', `--sampling-rate ${samplingRate}: expected 1 with --sampling none`);
  const plan = { sampling, samplingRate, steps, delta };
  const leastNoise =
    epsilon === undefined
      ? undefined
      : { rdp: calibrateNoise(epsilon, plan, 'rdp'), pld: calibrateNoise(epsilon, plan, 'pld') };
  const noise = options.noise ?? leastNoise?.pld ?? leastNoise!.rdp!;
  const spent = planSpent(plan, noise);
  return {
    schema: 'biolens/privacy-account@1',
    ...boundsOf(spent),
    noise,
    ...(leastNoise === undefined ? {} : { leastNoise }),
    sampling,
    samplingRate,
    steps,
    delta,
    neighbours: spent.neighbours,
  };
}

async function ofLedger(path: string, delta: number): Promise<PrivacyAccount> {
  const [{ spentOf }, { readLedger }] = await Promise.all([
    import('../../../kit/privacy/index.ts'),
    import('../../../kit/privacy/node.ts'),
  ]);
  const events = await readLedger(path);
  if (events.length === 0) throw new BiolensError('input', `${path}: no such ledger, or one without an event`);
  const kinds = new Map<string, PrivacyEvent[]>();
  for (const event of events) {
    const key = JSON.stringify([event.released, event.purpose, event.to, event.mechanism]);
    kinds.set(key, [...(kinds.get(key) ?? []), event]);
  }
  const spent = spentOf(events, { delta });
  return {
    schema: 'biolens/privacy-account@1',
    ...boundsOf(spent),
    delta,
    steps: spent.steps,
    unit: spent.unit,
    neighbours: spent.neighbours,
    events: events.length,
    inClear: spent.inClear,
    releases: [...kinds.values()].map(alike => {
      const [{ released, purpose, to, mechanism }] = alike as [PrivacyEvent];
      const own = spentOf(alike, { delta });
      return { released, purpose, to, mechanism, steps: own.steps, epsilon: boundsOf(own).epsilon };
    }),
  };
}

const number = (value: number | null): string => (value === null ? '–' : String(Number(value.toPrecision(4))));
const NEIGHBOURS = { 'add-remove': 'added or removed', 'replace-one': 'exchanged for another' };
const SAMPLING = {
  poisson: (rate: string) => `each member sampled with probability ${rate} (Poisson)`,
  'without-replacement': (rate: string) => `a share of ${rate} sampled without replacement`,
  none: () => 'without sampling',
};

function describe(account: PrivacyAccount): string {
  const { epsilon, delta, order, noise, sampling, samplingRate = 1, steps, leastNoise, neighbours } = account;
  const parts: string[] = [];
  const bounds = [
    ...(epsilon.pld === null ? [] : [`${number(epsilon.pld)} by privacy loss distributions`]),
    ...(epsilon.rdp === null ? [] : [`${number(epsilon.rdp)} by Rényi orders (order ${order})`]),
  ];
  parts.push(
    bounds.length === 0
      ? `no ε bounds this: ${account.reason}`
      : `ε at δ ${delta}: ${bounds.join(', ')}${account.reason === undefined ? '' : `; ${account.reason}`}`,
  );
  if (leastNoise !== undefined) {
    const least = [leastNoise.pld, leastNoise.rdp].filter(value => value !== null).map(number);
    parts.push(
      `least noise for it: ${least.join(' (by Rényi orders ')} times the sensitivity${least.length > 1 ? ')' : ''}`,
    );
  }
  if (noise !== undefined && sampling !== undefined)
    parts.push(
      `${steps} ${steps === 1 ? 'step' : 'steps'} of noise ${number(noise)} times the sensitivity, ${SAMPLING[sampling](number(samplingRate))}`,
    );
  const who = account.unit ?? 'member';
  if (neighbours !== null) parts.push(`protects one ${who} ${NEIGHBOURS[neighbours]}`);
  return parts.map(part => `${wrap(part, 80, '')}\n`).join('');
}

function describeReleases(releases: NonNullable<PrivacyAccount['releases']>): string {
  const rows = releases.map(({ released, to, mechanism, steps, epsilon }) => [
    released,
    to,
    mechanism,
    String(steps),
    number(epsilon.pld ?? epsilon.rdp),
  ]);
  const columns = [
    { title: 'released', maxWidth: 26 },
    { title: 'to', maxWidth: 12 },
    { title: 'mechanism' },
    { title: 'steps', align: 'right' as const },
    { title: 'ε alone', align: 'right' as const },
  ];
  return `\n${formatTable(columns, rows)}`;
}

async function account(options: AccountOptions, io: CliIo): Promise<void> {
  const gates = options.failOn.map(parseGate);
  for (const gate of gates) checkGatePath(gate, toJsonSchema(privacyAccountSchema, 'output'));
  const given = [options.noise, options.epsilon, options.ledger].filter(value => value !== undefined).length;
  if (given !== 1) throw new BiolensError('usage', 'expected one of --noise, --epsilon and --ledger');
  const stray = (['samplingRate', 'sampling', 'steps'] as const).find(name => options[name] !== undefined);
  if (options.ledger !== undefined && stray !== undefined)
    throw new BiolensError('usage', `--${stray === 'samplingRate' ? 'sampling-rate' : stray}: a ledger says it itself`);
  const result = await (options.ledger === undefined ? planned(options) : ofLedger(options.ledger, options.delta));
  if (options.json) printJson(io, result);
  else io.out(`${describe(result)}${result.releases === undefined ? '' : describeReleases(result.releases)}`);
  checkGates(result, gates);
}

/** `biolens privacy account` */
export function registerPrivacyAccount(program: Command, io: CliIo): void {
  const open = (low: number, high: number) => numberIn(low, high);
  addExamples(
    groupOf(program, 'privacy')
      .command('account')
      .description('what noise costs: ε of steps, the noise for an ε, or ε of all that a ledger says was released')
      .option('--noise <multiple>', 'deviation of the noise over the sensitivity', open(0.05, 1e6))
      .option('--epsilon <epsilon>', 'find the least noise that costs no more than this', open(1e-4, 1e4))
      .option('--sampling-rate <share>', 'share of the members that take part in a step (default: 1)', open(1e-9, 1))
      .addOption(
        new Option(
          '--sampling <how>',
          'how they are chosen; none: everybody or a fixed cohort (default: poisson below a rate of 1)',
        ).choices(['poisson', 'without-replacement', 'none']),
      )
      .option('--steps <n>', 'how often (default: 1)', wholeNumber(1, 1e9))
      .option('--ledger <file>', 'account for the events of a ledger.jsonl instead')
      .requiredOption('--delta <delta>', 'chance of no guarantee, well below 1/members', open(1e-12, 0.999))
      .addOption(gateOption('epsilon.pld>3'))
      .option('--json', 'print the result as JSON on standard output'),
    'biolens privacy account --noise 1.1 --sampling-rate 0.004267 --steps 3515 --delta 1e-5',
    'biolens privacy account --epsilon 2 --sampling-rate 0.01 --steps 1000 --delta 1e-5',
    'biolens privacy account --ledger runs/ID/ledger.jsonl --delta 1e-6 --json',
  ).action((options: AccountOptions) => account(options, io));
}
