import {
  type AuditTextReport,
  auditTextReportSchema,
  type Finding,
  type TextReplication,
} from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, proportionMetric, randomKey } from '../../../ground/math/index.ts';
import { type Run, resumeItems } from '../../../kit/runs/index.ts';
import type { VisionLanguageModel } from '../../../kit/vlm/index.ts';
import type { AuditTextConfiguration } from '../configuration.ts';
import type { CollectedTexts } from '../documents/collect-texts.ts';
import { type AuditTextStep, step } from '../events.ts';
import { type ContinuationItem, continuationItemSchema } from '../items.ts';
import { NO_OVERLAP } from '../measure/statistics.ts';
import { countWords, wordsOf } from '../measure/words.ts';
import { askToContinue, inParallel } from './ask.ts';
import { type ComparedReply, callDocuments, compareReplies, curveOf, NO_MEASURE } from './compare.ts';
import { cutPrompt, type Prompt } from './prompts.ts';

/** Documents and model of an audit that asks. */
export interface AskedSets {
  readonly documents: CollectedTexts & { readonly source: string };
  readonly controls: (CollectedTexts & { readonly source: string }) | null;
  readonly model: VisionLanguageModel;
}

const MOST_EXHIBITS = 100;
/** Code points around a run that the page shows. */
const AROUND = 240;

/** The documents at each length of prefix that they are long enough for. */
export function promptsOf(
  { documents, controls }: Pick<AskedSets, 'documents' | 'controls'>,
  configuration: AuditTextConfiguration,
): Prompt[] {
  const { prefixLengths, continuation } = configuration;
  const of = (texts: CollectedTexts['texts'], control: boolean): Prompt[] =>
    texts.flatMap(text => prefixLengths.flatMap(words => cutPrompt(text, { words, continuation, control }) ?? []));
  const prompts = [...of(documents.texts, false), ...of(controls?.texts ?? [], true)];
  if (!prompts.some(({ control }) => !control))
    throw new BiolensError(
      'input',
      `${documents.source}: no document has ${Math.min(...prefixLengths)} words and 20 more to compare`,
    );
  return prompts;
}

const keyOf = ({
  control,
  document,
  words,
  sample,
}: Pick<ContinuationItem, 'control' | 'document' | 'words' | 'sample'>): string =>
  `${control ? 'control' : 'document'} ${words} ${sample} ${document}`;

/** Asks a model to continue documents, and tells which it knows by heart. */
export async function* auditModel(
  run: Run,
  {
    configuration,
    sets,
    signal,
  }: {
    readonly configuration: AuditTextConfiguration;
    readonly sets: AskedSets;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<AuditTextStep, AuditTextReport> {
  const { shortest, api, template, continuation, seed, samples, prefixLengths } = configuration;
  const prompts = promptsOf(sets, configuration);
  const wanted = new Map(
    prompts.flatMap(prompt =>
      Array.from({ length: samples + 1 }, (_, sample) => [keyOf({ ...prompt, sample }), { prompt, sample }] as const),
    ),
  );
  const settings = { api, template, continuation, seed, signal };
  const answers = resumeItems({
    run,
    schema: continuationItemSchema,
    keys: [...wanted.keys()],
    keyOf,
    async *work(left) {
      const work = (key: string) => {
        const { prompt, sample } = wanted.get(key)!;
        return askToContinue(sets.model, prompt, { sample, settings });
      };
      for await (const item of inParallel(left, configuration.concurrency, work)) yield [item];
    },
    signal,
  });
  for await (const { done, total } of answers) yield step('asking the model', done, total);
  const byKey = new Map<string, ContinuationItem>();
  for await (const item of run.items(continuationItemSchema)) byKey.set(keyOf(item), item);
  // In the order of the documents, whatever order the answers came in.
  const items = [...wanted.keys()].map(key => byKey.get(key)!);
  yield step('comparing the answers');
  const replies = compareReplies(items, item => wanted.get(keyOf(item))!.prompt, prompts);
  const key = foldIn(randomKey(seed), 'audit-text-model');
  const calls = callDocuments(replies, {
    shortest,
    falseDiscoveryRate: configuration.falseDiscoveryRate,
    key,
    permutations: configuration.permutations,
  });
  const shown = replies
    .filter(reply => !reply.prompt.control && (reply.run?.length ?? 0) >= shortest)
    .sort((a, b) => b.run!.length - a.run!.length);
  const nameOf = ({ item }: ComparedReply): string =>
    `${item.document} after ${item.words} words${item.sample === 0 ? '' : `, sample ${item.sample}`}`;
  const curve = curveOf(replies, { shortest, prefixLengths });
  const own = replies.filter(({ prompt, run }) => !prompt.control && run !== null);
  const measures = (these: readonly ComparedReply[]): TextReplication['generated'] => ({
    covered: NO_MEASURE,
    overlap: NO_MEASURE,
    longest: NO_MEASURE,
    withRun: proportionMetric(these.filter(({ run }) => run!.length >= shortest).length, these.length, {
      reason: 'no document was continued',
    }),
  });
  const controls = replies.filter(({ prompt, run }) => prompt.control && run !== null);
  const bytesOf = (texts: readonly { readonly text: string }[]): number =>
    texts.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  const { source, files, documents, bytes } = sets.documents;
  return auditTextReportSchema.parse({
    schema: 'biolens/audit-text@1',
    sets: {
      training: { source, files, documents, bytes },
      generated: { source: sets.model.id, files: 0, documents: own.length, bytes: bytesOf(items) },
      heldout:
        sets.controls === null
          ? null
          : {
              source: sets.controls.source,
              files: sets.controls.files,
              documents: sets.controls.documents,
              bytes: sets.controls.bytes,
            },
    },
    settings: { shortest, ngram: configuration.ngram, commonFrom: configuration.commonFrom, normalise: [] },
    verdict: modelVerdict(calls, { curve, shortest }),
    replication: {
      similarity: 'longest-run',
      ...calls,
      callable: null,
      falseDiscoveryRate: configuration.falseDiscoveryRate,
      generated: measures(own),
      heldout: sets.controls === null ? null : measures(controls),
      heldoutOverlap: NO_OVERLAP,
    },
    continuations: { model: sets.model.id, api, continuation, ...curve },
    runs: shown.map(reply => runOf(reply, nameOf(reply))),
    moreRuns: 0,
    texts: own.map(reply => ({
      file: nameOf(reply),
      characters: [...reply.item.text].length,
      words: wordsOf(Buffer.from(reply.item.text)).starts.length,
      longest: { characters: reply.run!.length, words: wordsIn(reply), tokens: null },
      longestRare: reply.run!.length,
      covered: null,
      overlap: null,
      editDistance: reply.editDistance,
    })),
    exhibits: shown.slice(0, MOST_EXHIBITS).map((reply, run) => ({ run, ...sidesOf(reply) })),
    skipped: [
      ...sets.documents.skipped.map(one => ({ set: 'training', ...one })),
      ...(sets.controls?.skipped ?? []).map(one => ({ set: 'heldout', ...one })),
    ],
    alsoSkipped: 0,
  });
}

const sliceOf = (points: readonly string[], from: number, to: number): string =>
  points.slice(Math.max(0, from), to).join('');

/** Whole words within the run of a reply. */
function wordsIn({ item, run }: ComparedReply): number {
  const points = [...item.text];
  const start = Buffer.byteLength(sliceOf(points, 0, run!.first));
  const end = start + Buffer.byteLength(sliceOf(points, run!.first, run!.first + run!.length));
  return countWords(wordsOf(Buffer.from(item.text)), start, end);
}

function stretchOf(text: string, start: number, length: number, before = { bytes: 0, codePoints: 0, lines: 0 }) {
  const points = [...text];
  const [head, body] = [sliceOf(points, 0, start), sliceOf(points, start, start + length)];
  const from = before.bytes + Buffer.byteLength(head);
  return {
    start: before.codePoints + start,
    end: before.codePoints + start + length,
    bytes: { start: from, end: from + Buffer.byteLength(body) },
    line: 1 + before.lines + head.split('\n').length - 1,
  };
}

function runOf(reply: ComparedReply, file: string): AuditTextReport['runs'][number] {
  const { item, prompt } = reply;
  const run = reply.run!;
  return {
    generated: { file, ...stretchOf(item.text, run.first, run.length) },
    training: { document: prompt.document, ...stretchOf(prompt.truth, run.second, run.length, prompt.at) },
    characters: run.length,
    words: wordsIn(reply),
    tokens: null,
    weight: 1,
    common: false,
    documents: [prompt.document],
  };
}

function sidesOf({ item, prompt, run }: ComparedReply): Omit<AuditTextReport['exhibits'][number], 'run'> {
  const side = (text: string, start: number, lead: string) => {
    const points = [...text];
    const end = start + run!.length;
    return {
      before: `${lead}${sliceOf(points, start - AROUND, start)}`,
      text: sliceOf(points, start, end),
      after: sliceOf(points, end, end + AROUND),
    };
  };
  return {
    generated: side(item.text, run!.first, ''),
    training: side(prompt.truth, run!.second, prompt.prefix.slice(-AROUND)),
  };
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

function modelVerdict(
  calls: ReturnType<typeof callDocuments>,
  { curve, shortest }: { readonly curve: ReturnType<typeof curveOf>; readonly shortest: number },
): Finding[] {
  const copies = calls.pairs.filter(({ copy }) => copy).length;
  const long = calls.pairs.filter(({ similarity }) => similarity >= shortest);
  const leastQ = Math.min(...long.map(({ qValue }) => qValue ?? 1));
  const { p, permutations } = calls.permutation;
  const test =
    p === null
      ? 'There are no control documents, so the permutation test could not be run'
      : `Exchanging documents and controls gives p = ${Number(p.toPrecision(2))} over ${permutations} permutations`;
  const interval = calls.copied.interval;
  const range = interval === null ? '' : ` (95 % interval ${percent(interval.low)} to ${percent(interval.high)})`;
  const asked = Object.values(curve.outcomes).reduce((sum, n) => sum + n, 0);
  const { refused, empty, cut, failed } = curve.outcomes;
  const without = refused + empty + failed;
  const found: Finding[] = [
    calls.copied.value === null
      ? {
          subject: 'copies',
          level: 'unknown',
          headline: 'The model continued no document.',
          certainty: `${calls.copied.reason}.`,
        }
      : copies > 0
        ? {
            subject: 'copies',
            level: 'bad',
            headline: `The model continues ${copies} of ${calls.copied.n} documents word for word, the longest ${calls.pairs[0]!.similarity.toLocaleString('en-US')} characters in a row.`,
            certainty: `${percent(calls.copied.value)} of documents${range}, against ${calls.control}. ${test}.`,
          }
        : long.length > 0
          ? {
              subject: 'copies',
              level: p !== null && p <= 0.05 ? 'warning' : 'unknown',
              headline: `${long.length} of ${calls.copied.n} documents are continued for ${shortest} characters or more, and none is called: it could be chance.`,
              certainty: `The smallest q-value is ${Number(leastQ.toPrecision(2))}, of ${calls.control}; with more control documents it can be smaller. ${test}.`,
            }
          : {
              subject: 'copies',
              level: p !== null && p > 0.05 ? 'good' : p === null ? 'unknown' : 'warning',
              headline: `No document is continued for ${shortest} characters or more beyond what documents that the model cannot know are.`,
              certainty: `A share of up to ${percent(interval?.high ?? 1)} could have gone unseen. ${test}.`,
            },
  ];
  if (without + cut > 0)
    found.push({
      subject: 'answers',
      level: without > asked / 2 ? 'warning' : 'unknown',
      headline: `${without} of ${asked} requests got no continuation, and ${cut} a cut one.`,
      certainty: `${refused} refused, ${empty} empty, ${failed} failed; they count for no document.`,
    });
  return found;
}
