import { BiolensError } from '../../ground/errors.ts';
import type { Run } from '../../kit/runs/index.ts';
import { openSampleMaker, type SampleMaker } from '../generators/index.ts';
import type { AuditConfiguration } from './configuration.ts';
import { SAMPLED } from './sampled.ts';
import { openSource, type SetSource } from './sources.ts';

/** What is said while the generated images are made. */
export type SamplingStep =
  | { readonly type: 'sampling'; readonly done: number; readonly total: number }
  | { readonly type: 'caution'; readonly text: string };

/**
 * Opens what makes the generated images of an audit; null where they are given.
 *
 * @throws {BiolensError} `usage` where nothing or several things say what is audited; as `openSampleMaker`
 */
export async function openMaker(configuration: AuditConfiguration): Promise<SampleMaker | null> {
  const { generated, sampleWith, generator, generatedLabels, samplesPerCall } = configuration;
  const given = [generated, sampleWith, generator].filter(one => one !== undefined).length;
  if (given === 0)
    throw new BiolensError(
      'usage',
      '"generated" is missing: images to audit (--generated), or what makes them: a model (--generator) or a command (--sample-with)',
    );
  if (given > 1)
    throw new BiolensError('usage', 'expected one of --generated, --generator and --sample-with, got several');
  if (samplesPerCall !== undefined && sampleWith === undefined)
    throw new BiolensError('usage', '--samples-per-call is of use with --sample-with alone');
  if (generated !== undefined) return null;
  if (generatedLabels !== undefined)
    throw new BiolensError(
      'usage',
      '--generated-labels is for images that are given: those to come have no labels yet',
    );
  return openSampleMaker(configuration);
}

/** Makes the generated images into the run's folder, and returns the sources with them. */
export async function* generateSet(
  run: Run,
  sources: readonly SetSource[],
  { maker, signal }: { readonly maker: SampleMaker; readonly signal: AbortSignal | undefined },
): AsyncGenerator<SamplingStep, readonly SetSource[]> {
  const target = await run.artifactPath('generated');
  for (const text of maker.warnings) yield { type: 'caution', text };
  yield { type: 'sampling', done: 0, total: maker.n };
  const making = maker.make({ target, work: await run.artifactPath('sampling') }, { signal });
  for await (const { done, total } of making) yield { type: 'sampling', done, total };
  const made = { ...(await openSource('generated', target, { signal })), source: SAMPLED };
  return sources.map(source => (source.set === 'generated' ? made : source));
}
