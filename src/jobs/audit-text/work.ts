import { createHash } from 'node:crypto';
import {
  type AuditedText,
  type AuditTextReport,
  auditedTextSchema,
  auditTextReportSchema,
  type TextReplication,
} from '../../ground/contracts/index.ts';
import { throwIfAborted } from '../../ground/errors.ts';
import {
  bootstrap,
  foldIn,
  meanMetric,
  openStream,
  proportionMetric,
  type RandomKey,
  randomKey,
} from '../../ground/math/index.ts';
import { type Run, resumeItems } from '../../kit/runs/index.ts';
import type { Work } from './audited-sets.ts';
import type { AuditTextConfiguration } from './configuration.ts';
import { type Scanned, type ScanProgress, scanCorpus } from './corpus/scan-corpus.ts';
import type { View } from './corpus/scan-task.ts';
import { documentName, type Text } from './documents/collect-texts.ts';
import { type NormalisedPiece, normaliseText } from './documents/normalise.ts';
import { type AuditTextStep, step } from './events.ts';
import { type Heldout, sampleHeldout, scoreHeldout } from './heldout.ts';
import { describeRuns, editDistances, tokensOf } from './listed-runs.ts';
import {
  charactersOf,
  documentsOfText,
  longestOf,
  type MeasuredRun,
  type MeasuredText,
  measureText,
} from './measure/measure-text.ts';
import { callTexts, type DocumentMatch, NO_OVERLAP, NO_RELABELLING, relabelDocuments } from './measure/statistics.ts';
import { leastBytes } from './measure/words.ts';
import { Matches } from './search/findings.ts';
import { indexTexts, LEAST_WINDOW, type TextIndex } from './search/text-index.ts';
import { writeTextVerdict } from './verdict.ts';

/** Runs that a report lists, at most. */
const MOST_RUNS = 20_000;
const MOST_DOCUMENTS_TOLD = 1000;

async function* tellScan(
  stage: string,
  scan: AsyncGenerator<ScanProgress, Scanned>,
): AsyncGenerator<AuditTextStep, Scanned> {
  for (;;) {
    const { value, done } = await scan.next();
    if (done) return value;
    yield step(stage, value.done, value.total);
  }
}

/** A view of texts: how they are looked for, and what they became for that. */
function viewOf(
  texts: readonly Text[],
  { configuration, least }: { readonly configuration: AuditTextConfiguration; readonly least: number },
) {
  const rules = configuration.normalise;
  const changed = rules.length === 0 ? null : texts.map(({ bytes }) => copied(normaliseText(bytes, rules)));
  const bytes = changed?.map(piece => piece.bytes) ?? texts.map(text => text.bytes);
  const window = leastBytes(bytes, { characters: least, words: configuration.ngram }) ?? least;
  const view: View = { index: indexTexts(bytes, Math.max(LEAST_WINDOW, window)), rules };
  return { view, changed };
}

/** A normalised text in its own memory. */
const copied = <T extends ReturnType<typeof normaliseText>>({ bytes, origins }: T) => ({
  bytes: bytes.slice(),
  origins: { bytes: origins.bytes.slice(), codePoints: origins.codePoints.slice(), lines: origins.lines.slice() },
});

/** Measures of a set of texts, with intervals over texts. */
function summarise(measured: readonly MeasuredText[], key: RandomKey): TextReplication['generated'] {
  const share = (name: string, part: (one: MeasuredText) => number, all: (one: MeasuredText) => number) => {
    const used = measured.filter(one => all(one) > 0);
    // Texts that are all alike say nothing of how much texts differ.
    if (used.length > 0 && used.every(one => part(one) === 0)) return { value: 0, n: used.length, interval: null };
    return bootstrap(used.length, {
      stream: openStream(foldIn(key, name)),
      resamples: 1000,
      reason: 'no text is long enough',
      statistic: indices => {
        let [found, of] = [0, 0];
        for (const i of indices) {
          found += part(used[i]!);
          of += all(used[i]!);
        }
        return found / of;
      },
    });
  };
  return {
    covered: share(
      'covered',
      ({ covered }) => covered,
      ({ characters }) => characters,
    ),
    overlap: share(
      'overlap',
      ({ foundNgrams }) => foundNgrams,
      ({ ngrams }) => ngrams,
    ),
    longest: meanMetric(measured.map(longestOf), { reason: 'there are no texts' }),
    withRun: proportionMetric(measured.filter(({ runs }) => runs.length > 0).length, measured.length),
  };
}

/** What texts share byte by byte, beside what they share past differences. */
interface ExactMeasures {
  readonly generated: readonly MeasuredText[];
  readonly heldout: readonly MeasuredText[] | null;
}

const shareCovered = ({ covered, characters }: MeasuredText): number | null =>
  characters === 0 ? null : covered / characters;
/**
 * Looks for what generated texts share with a training corpus, and whether more than chance: see docs/audit-text.md.
 *
 * @returns progress, and at the end the report
 */
export async function* auditTexts(run: Run, work: Work): AsyncGenerator<AuditTextStep, AuditTextReport> {
  const { configuration, sets, signal } = work;
  const { layout, generated } = sets;
  const key = foldIn(randomKey(configuration.seed), 'audit-text');
  const heldoutTexts = yield* sampleHeldout(work, foldIn(key, 'heldout'));
  yield step('sorting the generated texts');
  const texts = [...generated.texts, ...(heldoutTexts?.texts ?? [])];
  // By chance runs are shorter than those that count: what is usual is seen in shorter ones.
  const least = heldoutTexts === null ? configuration.shortest : Math.max(20, Math.floor(configuration.shortest / 2));
  const { view, changed } = viewOf(texts, { configuration, least });
  const asIs =
    changed === null ? null : viewOf(texts, { configuration: { ...configuration, normalise: [] }, least }).view;
  const options = { layout, workers: configuration.workers, signal };
  const scanned = yield* tellScan(
    'reading the training texts',
    scanCorpus(sets.training.files, { ...options, views: asIs === null ? [view] : [view, asIs] }),
  );
  const matches = new Matches(view.index, scanned.findings[0]!);
  const { shortest, ngram, commonFrom } = configuration;
  const measureOne = (text: number, index: TextIndex, found: Matches, became: NormalisedPiece | null): MeasuredText => {
    throwIfAborted(signal);
    return measureText(text, texts[text]!.bytes, {
      index,
      matches: found,
      shortest,
      ngram,
      commonFrom,
      changed: became,
    });
  };
  const measure = (from: number, to: number, found = matches): MeasuredText[] =>
    texts.slice(from, to).map((_, i) => measureOne(from + i, view.index, found, changed?.[from + i] ?? null));
  const n = generated.texts.length;
  yield step('measuring the runs');
  const measured = measure(0, n);
  let heldout: Heldout | null = null;
  if (sets.heldout !== null) {
    const other = yield* tellScan(
      'reading the held-out texts',
      scanCorpus(sets.heldout.files, { ...options, views: [view] }),
    );
    const inHeldout = new Matches(view.index, other.findings[0]!);
    heldout = {
      scanned: other,
      matches: inHeldout,
      ...scoreHeldout(measure(n, texts.length), {
        generatedInHeldout: measure(0, n, inHeldout).map(({ longestRare }) => longestRare),
        trainingDocuments: scanned.documents,
        heldoutDocuments: other.documents,
      }),
    };
  }
  let exact: ExactMeasures | null = null;
  if (asIs !== null) {
    const found = new Matches(asIs.index, scanned.findings[1]!);
    const of = (text: number): MeasuredText => measureOne(text, asIs.index, found, null);
    exact = { generated: measured.map((_, i) => of(i)), heldout: heldout?.used.map(i => of(n + i)) ?? null };
  }
  const lengths = measured.map(({ longestRare }) => longestRare);
  const calls = callTexts(lengths, heldout?.scores ?? null, configuration);
  let permutation = NO_RELABELLING;
  if (heldout !== null) {
    yield step('relabelling test');
    const lists = Array.from({ length: n }, (_, text) =>
      matchesOf(text, { view, training: matches, heldout: heldout.matches }),
    );
    permutation = relabelDocuments(lists, {
      units: { training: scanned.documents, heldout: heldout.scanned.documents },
      shortest,
      permutations: configuration.permutations,
      key,
      signal,
    });
  }
  yield step('comparing with the originals');
  const nameOf = ({ file, row }: { readonly file: number; readonly row: number }): string =>
    documentName(sets.training.files[file]!.file, row);
  const edits = await editDistances(measured, { work, texts });
  const ordered = measured
    .flatMap(({ runs }) => runs)
    .sort((a, b) => charactersOf(b) - charactersOf(a) || a.text - b.text || a.start - b.start);
  const listed = ordered.slice(0, MOST_RUNS);
  const tokens = await tokensOf(listed, { texts: generated.texts, tokenizer: sets.tokenizer, signal });
  const audited = measured.map((one, i): AuditedText => {
    const longest = one.runs.reduce<MeasuredRun | null>(
      (most, run) => (most === null || charactersOf(run) > charactersOf(most) ? run : most),
      null,
    );
    return {
      file: generated.texts[i]!.name,
      characters: one.characters,
      words: one.words,
      tokens: tokens?.texts[i] ?? null,
      longest: {
        characters: longest === null ? 0 : charactersOf(longest),
        words: one.runs.reduce((most, { words }) => Math.max(most, words), 0),
        tokens: tokens?.longest(i) ?? null,
      },
      longestRare: one.rareRun < 0 ? 0 : one.longestRare,
      covered: shareCovered(one),
      exact:
        exact === null
          ? null
          : { characters: longestOf(exact.generated[i]!), covered: shareCovered(exact.generated[i]!) },
      overlap: one.ngrams === 0 ? null : one.foundNgrams / one.ngrams,
      editDistance: edits.get(i) ?? null,
    };
  });
  for await (const { done, total } of resumeItems({
    run,
    schema: auditedTextSchema,
    keys: audited.map(({ file }) => file),
    keyOf: ({ file }) => file,
    work: async function* (left) {
      const missing = new Set(left);
      yield audited.filter(({ file }) => missing.has(file));
    },
    signal,
  }))
    yield step('writing down the texts', done, total);
  const { runs, exhibits } = await describeRuns(listed, { work, texts, tokens: tokens?.runs ?? null, nameOf });
  const summary = {
    settings: { shortest, ngram, commonFrom, normalise: configuration.normalise },
    runs,
    texts: audited,
    skipped: [
      ...tagged('training', [...sets.training.skipped, ...scanned.skipped]),
      ...tagged('generated', generated.skipped),
      ...tagged('heldout', [...(sets.heldout?.skipped ?? []), ...(heldout?.scanned.skipped ?? [])]),
    ].slice(0, MOST_DOCUMENTS_TOLD),
    alsoSkipped: scanned.alsoSkipped + (heldout?.scanned.alsoSkipped ?? 0),
    replication: {
      similarity: 'longest-run' as const,
      threshold: calls.threshold,
      calibration: calls.calibration,
      control: calls.control,
      callable: calls.callable,
      copied: calls.copied,
      falseDiscoveryRate: configuration.falseDiscoveryRate,
      generated: summarise(measured, foldIn(key, 'generated')),
      heldout: heldout && summarise(heldout.measured, foldIn(key, 'heldout')),
      exact: exact && {
        generated: summarise(exact.generated, foldIn(key, 'generated')),
        heldout: exact.heldout && summarise(exact.heldout, foldIn(key, 'heldout')),
      },
      heldoutOverlap: heldout?.overlap ?? NO_OVERLAP,
      permutation,
      pairs: measured
        .map((one, i) => ({
          generated: generated.texts[i]!.name,
          training: one.rareRun < 0 ? null : nameOf(one.runs[one.rareRun]!.at),
          similarity: one.rareRun < 0 ? 0 : one.longestRare,
          pValue: calls.pValues[i]!,
          qValue: calls.qValues[i]!,
          copy: calls.copies[i]!,
        }))
        .sort((a, b) => b.similarity - a.similarity),
    },
  };
  const digests = { generated: digestTexts(generated.texts) };
  await run.note({
    digests:
      sets.tokenizer === null ? digests : { ...digests, tokenizer: digestOf(JSON.stringify(sets.tokenizer.file)) },
  });
  return auditTextReportSchema.parse({
    schema: 'biolens/audit-text@1',
    sets: {
      training: {
        source: sets.training.source,
        files: sets.training.files.length,
        documents: scanned.documents,
        bytes: scanned.bytes,
      },
      generated: {
        source: generated.source,
        files: generated.files,
        documents: generated.documents,
        bytes: generated.bytes,
      },
      heldout:
        sets.heldout === null || heldout === null
          ? null
          : {
              source: sets.heldout.source,
              files: sets.heldout.files.length,
              documents: heldout.scanned.documents,
              bytes: heldout.scanned.bytes,
            },
    },
    verdict: writeTextVerdict(summary),
    ...summary,
    moreRuns: ordered.length - listed.length,
    exhibits,
  });
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

function digestTexts(texts: readonly Text[]): string {
  const hash = createHash('sha256');
  for (const { name, bytes } of texts) hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  return hash.digest('hex');
}

const tagged = <S extends string>(set: S, skipped: readonly { readonly file: string; readonly reason: string }[]) =>
  skipped.map(one => ({ set, ...one }));

/** Documents of both corpora with what a text shares with them, longest first. */
function matchesOf(
  text: number,
  { view, training, heldout }: { readonly view: View; readonly training: Matches; readonly heldout: Matches },
): DocumentMatch[] {
  const of = (matches: Matches, isTraining: boolean): DocumentMatch[] =>
    [...documentsOfText(text, { index: view.index, matches })].map(([document, { length }]) => ({
      document: `${isTraining ? 'training' : 'heldout'} ${document}`,
      training: isTraining,
      length,
    }));
  return [...of(training, true), ...of(heldout, false)].sort(
    (a, b) => b.length - a.length || (a.document < b.document ? -1 : 1),
  );
}
