import { type Command, Option } from 'commander';
import type { MatchMode, Scheme } from '../../../jobs/templates/encrypted/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { formatTable } from '../../../kit/text/table.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addCommonOptions, addExamples, type CommonOptions, numberIn, wholeNumber } from '../options.ts';
import { printJson, work } from '../work.ts';

interface MatchOptions extends CommonOptions {
  readonly gallery: string;
  readonly galleryLabels?: string;
  readonly probes: string;
  readonly probeLabels?: string;
  readonly mode: MatchMode;
  readonly scheme?: Scheme;
  readonly embedder: string;
  readonly threshold?: number;
  readonly fmr: number;
  readonly scale?: number;
  readonly top: number;
  readonly workers?: number;
}

/** Who can see what, in a line under the result. */
const ADVERSARIES: Readonly<Record<MatchMode, string>> = {
  'encrypted-gallery':
    'The server stored encrypted templates and saw each probe; a copy of its database is useless without the client’s key.',
  'both-encrypted': 'The server saw neither templates nor probes; it could answer wrongly without being found out.',
  additive:
    'The server stored encrypted templates and saw each probe. Experimental: this scheme has not been reviewed.',
  'encrypted-probe':
    'The server matched probes that it could not see with its own gallery; a client that lies can learn that gallery.',
};

async function match(options: MatchOptions, io: CliIo): Promise<void> {
  const { matchSets, readLabelledSet } = await import('../../../jobs/templates/encrypted/node.ts');
  const { device, embedder, mode, scheme } = options;
  const { gallery, probes, matched } = await work(io, async ({ signal, progress }) => {
    const read = (path: string, labels: string | undefined, stage: string) =>
      readLabelledSet(path, {
        ...{ labels, embedder, device, signal },
        onProgress: event => progress.update({ stage, ...event }),
      });
    const gallery = await read(options.gallery, options.galleryLabels, 'embedding the gallery');
    const probes = await read(options.probes, options.probeLabels, 'embedding the probes');
    const onProgress = progress.update;
    const matched = await matchSets({ gallery, probes }, { ...options, signal, onProgress });
    return { gallery, probes, matched };
  });
  const skipped = [...gallery.skipped, ...probes.skipped];
  const { dimension, scale, threshold, results } = matched;
  if (options.json)
    return printJson(io, {
      schema: 'biolens/template-match@1',
      mode,
      scheme: mode === 'additive' ? 'additive' : (scheme ?? 'bfv'),
      dimension,
      scale,
      threshold,
      gallery: { templates: gallery.matrix.rows, identities: new Set(gallery.identities).size },
      results,
      skipped,
    });
  const rows = results.map(({ probe, matches }) => {
    const accepted = matches.filter(one => one.accepted).map(one => one.identity);
    return [printable(probe), accepted.length === 0 ? 'nobody' : printable(accepted.join(', '))];
  });
  io.out(
    formatTable(
      [
        { title: 'probe', maxWidth: 40 },
        { title: 'accepted as', maxWidth: 36 },
      ],
      rows,
    ),
  );
  io.out(`\n${ADVERSARIES[mode]}\nThreshold: cosine ${threshold.cosine.toFixed(4)} (${threshold.source}).\n`);
  if (skipped.length > 0)
    io.err(`${skipped.length} skipped, such as ${printable(skipped[0]!.file)}: ${printable(skipped[0]!.reason)}\n`);
}

/** `biolens template match` */
export function registerTemplateMatch(program: Command, io: CliIo): void {
  addExamples(
    addCommonOptions(
      groupOf(program, 'template')
        .command('match')
        .description(
          'match faces with a gallery under encryption; decisions come out, and no scores (takes node-seal)',
        ),
    )
      .requiredOption(
        '--gallery <path>',
        'folder of images, a folder a person, or a .npy file of embeddings with labels',
      )
      .requiredOption('--probes <path>', 'the same, of the faces to look for')
      .addOption(
        new Option(
          '--mode <mode>',
          'what the server must not see; additive: as encrypted-gallery, without node-seal, fast, experimental',
        )
          .choices(['encrypted-gallery', 'both-encrypted', 'encrypted-probe', 'additive'])
          .makeOptionMandatory(),
      )
      .addOption(
        new Option('--scheme <scheme>', 'of both-encrypted: bfv is exact, ckks faster').choices(['bfv', 'ckks']),
      )
      .option('--gallery-labels <file>', 'CSV of who each row is (default: the .labels.csv beside the embeddings)')
      .option('--probe-labels <file>', 'the same, of the probes')
      .option('--embedder <path>', '"built-in", or an ONNX embedder with its model card beside it', 'built-in')
      .option(
        '--threshold <cosine>',
        'cosine from which on a match is accepted (default: that of the built-in embedder, or one set on the gallery)',
        numberIn(-1, 1),
      )
      .option(
        '--fmr <share>',
        'share of pairs of different people that a threshold set on the gallery lets through',
        numberIn(0, 0.5),
        0.001,
      )
      .option('--scale <n>', 'embeddings are multiplied by this and rounded (default: 250 with bfv)', wholeNumber(1))
      .option('--top <n>', 'most identities that are named for a probe', wholeNumber(1, 1000), 5)
      .option('--workers <n>', 'threads of the server (default: all cores)', wholeNumber(1, 256)),
    'biolens template match --gallery enrolled --probes visitors --mode encrypted-gallery',
    'biolens template match --gallery a.npy --probes b.npy --mode both-encrypted --json',
  ).action((options: MatchOptions) => match(options, io));
}
