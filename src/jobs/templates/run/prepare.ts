import type { TemplateReport } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { Matrix } from '../../../ground/math/index.ts';
import { collectSet, filesOf, type OpenedSets, openSets, readSets, recordFiles } from '../../../kit/face-sets/index.ts';
import type { JobPlan } from '../../../kit/job/index.ts';
import type { Run } from '../../../kit/runs/index.ts';
import { meanFace, numberPersons, type Persons, unitRows } from '../../verification/index.ts';
import type { TemplateAttackConfiguration, TemplateConfiguration } from '../configuration.ts';
import type { TemplateStep } from '../events.ts';

export type Configuration = TemplateConfiguration | TemplateAttackConfiguration;

/** A configuration, and what stops the work. */
export interface Settings<C extends Configuration = Configuration> {
  readonly configuration: C;
  readonly signal: AbortSignal | undefined;
}

/** Measured in November 2026 on two cores of an Intel Xeon: a scheme on 397 embeddings of 128 numbers took about 15 s of one core. */
const SECONDS = { image: 0.04, pair: 1.5e-4, target: 0.5 } as const;
const BYTES_PER_PAIR = 400;

/** Opens the people, and others to centre with, where there are any. */
export async function openPeople({ configuration, signal }: Settings): Promise<OpenedSets> {
  const { images, embeddings, labels, identity, centre } = configuration;
  if ((images === undefined) === (embeddings === undefined))
    throw new BiolensError('usage', 'expected a folder of images or --embeddings, one of the two');
  if (centre !== undefined && (centre === images || centre === embeddings))
    throw new BiolensError('usage', '--centre expected other people than those who are compared');
  return await openSets(
    [
      { set: 'people', source: (images ?? embeddings)!, labels, identity, named: true },
      ...(centre === undefined ? [] : [{ set: 'centre', source: centre, named: false }]),
    ],
    { ...configuration, signal },
  );
}

/** What an evaluation or attacks would read, and about how long they take. */
export function planOf(configuration: Configuration, { sets }: OpenedSets): JobPlan {
  const images = sets.reduce((sum, { files }) => sum + (files?.length ?? 0), 0);
  const n = sets[0]?.items.length ?? 0;
  const pairs = (n * (n - 1)) / 2;
  const schemes = configuration.schemes.length;
  return {
    reads: sets.map(({ set, source, items, files }) => ({
      what: set,
      path: source,
      amount: `${items.length} ${files === null ? 'embeddings' : 'images'}`,
    })),
    writes: [],
    seconds: images * SECONDS.image + schemes * (pairs * SECONDS.pair + configuration.targets * SECONDS.target),
    basis: 'as measured on one core of an Intel Xeon, less where readings are kept',
    memoryBytes: pairs * BYTES_PER_PAIR,
  };
}

/** The faces of a run, ready to be protected. */
export interface Prepared {
  readonly unit: Matrix;
  readonly persons: Persons;
  /** Who is centred with, as attackers have them; null where there are none. */
  readonly strangers: Matrix | null;
  /** What reports of evaluations and of attacks begin with. */
  readonly common: Omit<TemplateReport, 'schema' | 'schemes' | 'modes' | 'verdict'>;
}

async function prepare(run: Run, { sets, embedder }: OpenedSets): Promise<Prepared> {
  const [people, others] = sets;
  const whole = await collectSet(run, people!);
  const aside = whole.items.filter(({ identity }) => identity === null).length;
  if (aside > 0)
    throw new BiolensError('input', `${whole.source}: nothing says whose ${aside} of its faces are`, {
      details: { file: whole.source },
    });
  const centreSet = others === undefined ? null : await collectSet(run, others);
  const centre = centreSet === null ? null : meanFace(centreSet.matrix);
  const persons = numberPersons(whole.items.map(({ identity }) => identity!));
  return {
    unit: unitRows(whole.matrix, centre),
    persons,
    strangers: centreSet === null ? null : unitRows(centreSet.matrix, centre),
    common: {
      source: whole.source,
      embedder: embedder?.name ?? 'given embeddings',
      people: persons.names.length,
      images: people!.items.length,
      failures: whole.skipped.length,
      centring: centreSet === null ? null : { source: centreSet.source, n: centreSet.matrix.rows },
      skipped: [...whole.skipped],
    },
  };
}

/** Reads the faces of a run that are not there yet, and prepares them. */
export async function* readPeople(
  run: Run,
  opened: OpenedSets,
  { configuration, signal }: Settings,
): AsyncGenerator<TemplateStep, Prepared> {
  const { embedder } = opened;
  await recordFiles(run, filesOf(opened.sets, embedder === null ? null : configuration.embedder));
  if (embedder !== null)
    for await (const { done, total } of readSets(run, opened.sets, { embedder, settings: configuration, signal }))
      yield { type: 'progress', stage: 'reading faces', done, total };
  return await prepare(run, opened);
}
