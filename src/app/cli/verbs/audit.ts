import type { Command } from 'commander';
import { BiolensError } from '../../../ground/errors.ts';
import { DEFAULT_RUNS_DIR } from '../../../kit/runs/index.ts';
import { parseGate } from '../gate.ts';
import type { CliIo } from '../io.ts';
import {
  addCommonOptions,
  addExamples,
  addSeedOption,
  type CommonOptions,
  collect,
  gateOption,
  numberIn,
  wholeNumber,
} from '../options.ts';

interface AuditOptions extends CommonOptions {
  readonly train: string;
  readonly generated: string;
  readonly heldout?: string;
  readonly labels?: string;
  readonly generatedLabels?: string;
  readonly attribute: readonly string[];
  readonly target: readonly string[];
  readonly embedder?: string;
  readonly classifier?: string;
  readonly wholeImage?: boolean;
  readonly falseMatchRate?: number;
  readonly fdr?: number;
  readonly permutations?: number;
  readonly centre: boolean;
  readonly seed: number;
  readonly runsDir: string;
  readonly name?: string;
  readonly blur?: boolean;
  readonly failOn: readonly string[];
}

/** `gender=male:0.5,female:0.5` or `gender=uniform` → shares by class; uniform is what is assumed anyway. */
export function parseTargets(texts: readonly string[]): Record<string, Record<string, number>> {
  const targets: Record<string, Record<string, number>> = {};
  for (const text of texts) {
    const [attribute = '', shares = '', extra] = text.split('=');
    const parts = shares.split(',').map(part => part.split(':'));
    const valid =
      extra === undefined && attribute !== '' && parts.every(([name, share]) => name !== '' && Number(share) >= 0);
    if (shares === 'uniform' && attribute !== '') continue;
    if (!valid)
      throw new BiolensError(
        'usage',
        `--target expected ATTRIBUTE=CLASS:SHARE,CLASS:SHARE or ATTRIBUTE=uniform, got "${text}"`,
      );
    targets[attribute] = Object.fromEntries(parts.map(([name = '', share]) => [name, Number(share)]));
  }
  return targets;
}

async function audit(options: AuditOptions, io: CliIo): Promise<void> {
  const gates = options.failOn.map(parseGate);
  const target = parseTargets(options.target);
  const [{ auditRun }, { followAudit }] = await Promise.all([
    import('../../../jobs/audit/index.ts'),
    import('../audit-work.ts'),
  ]);
  const { embedder, classifier, falseMatchRate, fdr, permutations, runsDir, name } = options;
  const configuration = {
    training: options.train,
    generated: options.generated,
    ...(options.heldout === undefined ? {} : { heldout: options.heldout }),
    ...(options.labels === undefined ? {} : { trainingLabels: options.labels }),
    ...(options.generatedLabels === undefined ? {} : { generatedLabels: options.generatedLabels }),
    ...(options.attribute.length === 0 ? {} : { attributes: [...options.attribute] }),
    ...(embedder === undefined ? {} : { embedder }),
    ...(classifier === undefined ? {} : { classifier }),
    ...(falseMatchRate === undefined ? {} : { falseMatchRate }),
    ...(fdr === undefined ? {} : { falseDiscoveryRate: fdr }),
    ...(permutations === undefined ? {} : { permutations }),
    target,
    noFace: options.wholeImage ? ('whole' as const) : ('skip' as const),
    centre: options.centre,
    seed: options.seed,
    device: options.device,
  };
  await followAudit(signal => auditRun(configuration, { runsDir, name, signal }), io, {
    json: options.json ?? false,
    blur: options.blur ?? false,
    gates,
  });
}

/** `biolens audit` */
export function registerAudit(program: Command, io: CliIo): void {
  const command = program
    .command('audit')
    .description('do generated faces copy the training faces, and do they skew their mix')
    .requiredOption('--train <path>', 'training faces: a folder of images, or embeddings (.npy, .safetensors)')
    .requiredOption('--generated <path>', 'generated faces, likewise')
    .option('--heldout <path>', 'real faces that the generator never saw: makes every answer surer')
    .option('--labels <csv>', 'labels of the training faces (default: labels.csv in the folder)')
    .option('--generated-labels <csv>', 'labels of the generated faces (default: labels.csv in the folder)')
    .option(
      '--attribute <name>',
      'attribute to report, such as gender; may be repeated (default: all there are)',
      collect,
      [],
    )
    .option(
      '--target <shares>',
      'shares that count as fair, such as gender=male:0.5,female:0.5 (default: equal); may be repeated',
      collect,
      [],
    )
    .option(
      '--embedder <path>',
      '"built-in" (faces), "appearance" (whole pictures: drawn faces, small samples), or an ONNX embedder with its model card',
    )
    .option(
      '--classifier <path>',
      'ONNX classifier with its model card, "built-in" or "none" (default: built-in where labels are missing)',
    )
    .option('--whole-image', 'embed the whole image where no face is found, instead of skipping it')
    .option(
      '--false-match-rate <rate>',
      'share of unrelated pairs above the matching threshold (default: 0.00001)',
      numberIn(1e-12, 0.5),
    )
    .option('--fdr <rate>', 'share of false ones expected among the called copies (default: 0.05)', numberIn(1e-6, 0.5))
    .option('--permutations <n>', 'relabellings in the permutation test (default: 999)', wholeNumber(19, 1_000_000))
    .option('--no-centre', 'compare embeddings without subtracting the mean training embedding')
    .option('--blur', 'make a report in which no face can be recognised')
    .addOption(gateOption('replication.copied>0.01'))
    .option('--runs-dir <dir>', 'where the run goes', DEFAULT_RUNS_DIR)
    .option('--name <name>', "end of the run's name (default: that of the generated folder)");
  addExamples(
    addSeedOption(addCommonOptions(command)),
    'biolens audit --train portraits --generated samples',
    "biolens audit --train a --generated b --json --fail-on 'replication.copied>0.01'",
  ).action((options: AuditOptions) => audit(options, io));
}
