import { readdir } from 'node:fs/promises';
import { BiolensError } from '../../ground/errors.ts';
import type { OpenContext } from '../../kit/job/index.ts';
import { type AuditConfiguration, auditConfigurationSchema, type OpenedSources, openSources } from '../audit/index.ts';
import type { SampleMaker } from '../generators/index.ts';
import { type ResolvedTarget, readCardConfusions, resolveTargets } from '../mitigation/index.ts';
import type { SelectionConfiguration } from './configuration.ts';

/** Everything that can be wrong before the first sample is generated, opened and checked. */
export interface Prepared extends AsyncDisposable {
  readonly configuration: SelectionConfiguration;
  /** The audit that reads the sets. */
  readonly audit: AuditConfiguration;
  readonly sources: OpenedSources;
  readonly maker: SampleMaker;
  readonly targets: readonly ResolvedTarget[];
  /** Attribute → `[predicted][true]` counts that the classifier's card tells. */
  readonly cardConfusions: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** The audit of all that is generated. */
function auditOf(configuration: SelectionConfiguration): AuditConfiguration {
  const { replication, bias, tolerance, samples, candidates, keep, output, ...shared } = configuration;
  const attributes = Object.keys(bias);
  return auditConfigurationSchema.parse({
    ...shared,
    samples: samples + candidates,
    // Nothing is asked of a classifier where no shares are wanted.
    ...(attributes.length === 0 ? { classifier: 'none' } : { attributes }),
  });
}

/** @throws BiolensError `input` for a folder that holds something already */
async function checkEmpty(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  if (entries.length > 0)
    throw new BiolensError('input', `${folder}: expected a new or empty folder for the kept images`, {
      details: { file: folder },
    });
}

/**
 * Opens the sets, the networks and what generates, and checks the targets.
 *
 * @throws BiolensError `usage` or `input` naming the field or file
 */
export async function prepare(configuration: SelectionConfiguration, context: OpenContext): Promise<Prepared> {
  const { replication, bias, keep, candidates, output, sampleWith, generator } = configuration;
  if (!replication && Object.keys(bias).length === 0)
    throw new BiolensError('usage', 'expected a goal: --replication, or --bias with the wanted shares of an attribute');
  if (sampleWith === undefined && generator === undefined)
    throw new BiolensError(
      'usage',
      'expected what generates the samples: a model (--generator) or a command (--sample-with)',
    );
  if (keep !== undefined && keep > candidates)
    throw new BiolensError('usage', `"keep" expected at most ${candidates}, the number of candidates, got ${keep}`);
  // What a resumed run wrote there itself stays.
  if (output !== undefined && context.record === null) await checkEmpty(output);
  const audit = auditOf(configuration);
  const sources = await openSources(audit, context);
  try {
    const { maker, reader } = sources;
    if (maker === null) throw new BiolensError('usage', '"sampleWith" or "generator" is missing');
    const targets = resolveTargets(bias, reader?.classifier?.classes ?? {});
    const classifier = targets.length === 0 || audit.classifier === 'auto' ? 'none' : audit.classifier;
    const cardConfusions = await readCardConfusions(classifier);
    return {
      ...{ configuration, audit, sources, maker, targets, cardConfusions },
      [Symbol.asyncDispose]: sources.close,
    };
  } catch (error) {
    await sources.close();
    throw error;
  }
}
