import type { AuditTextReport } from '../../ground/contracts/index.ts';
import type { AuditedSets, Work } from './audited-sets.ts';
import { documentName, type Text } from './documents/collect-texts.ts';
import { readStretches } from './documents/read-stretches.ts';
import { besideText, editDistanceOf, exhibitOf, readSides, type TrainingSide } from './exhibits.ts';
import { charactersOf, type MeasuredRun, type MeasuredText } from './measure/measure-text.ts';
import { countTokens } from './tokens/count-tokens.ts';

/** Exhibits that a page shows, and texts that are compared edit by edit, at most. */
const MOST_EXHIBITS = 100;
const MOST_EDITED = 300;

/** Tokens of the runs that are listed, of each text, and of its longest run by them. */
export async function tokensOf(
  listed: readonly MeasuredRun[],
  {
    texts,
    tokenizer,
    signal,
  }: {
    readonly texts: readonly Text[];
    readonly tokenizer: AuditedSets['tokenizer'];
    readonly signal: AbortSignal | undefined;
  },
): Promise<{
  readonly runs: readonly number[];
  readonly texts: readonly number[];
  readonly longest: (text: number) => number;
} | null> {
  if (tokenizer === null) return null;
  const stretches = [
    ...listed.map(({ text, start, end }) => texts[text]!.bytes.subarray(start, end)),
    ...texts.map(({ bytes }) => bytes),
  ];
  const counts = await countTokens(
    stretches.map(bytes => Buffer.from(bytes).toString('utf8')),
    { tokenizer: tokenizer.file, path: tokenizer.path, signal },
  );
  const longest = new Map<number, number>();
  for (const [i, { text }] of listed.entries()) longest.set(text, Math.max(longest.get(text) ?? 0, counts[i]!));
  return {
    runs: counts.slice(0, listed.length),
    texts: counts.slice(listed.length),
    longest: text => longest.get(text) ?? 0,
  };
}

/** Edit distances of texts from where their longest run comes from. */
export async function editDistances(
  measured: readonly MeasuredText[],
  { work, texts }: { readonly work: Work; readonly texts: readonly Text[] },
): Promise<Map<number, number | null>> {
  const { sets, signal } = work;
  const chosen = measured
    .flatMap(({ runs, rareRun }, i) =>
      rareRun < 0 ? [] : [{ i, run: runs[rareRun]!, stretch: besideText(runs[rareRun]!, texts[i]!.bytes.length) }],
    )
    .sort((a, b) => charactersOf(b.run) - charactersOf(a.run))
    .slice(0, MOST_EDITED);
  const found = await readStretches(
    sets.training.files,
    chosen.map(({ stretch }) => stretch),
    { layout: sets.layout, signal },
  );
  return new Map(
    chosen.map(({ i, stretch }) => [i, editDistanceOf(texts[i]!.bytes, found.get(stretch) ?? Buffer.alloc(0))]),
  );
}

/** Runs as the report lists them, and the longest rare ones beside their originals. */
export async function describeRuns(
  listed: readonly MeasuredRun[],
  {
    work,
    texts,
    tokens,
    nameOf,
  }: {
    readonly work: Work;
    readonly texts: readonly Text[];
    readonly tokens: readonly number[] | null;
    readonly nameOf: (at: MeasuredRun['at']) => string;
  },
): Promise<Pick<AuditTextReport, 'runs' | 'exhibits'>> {
  const { configuration, sets, signal } = work;
  const rules = configuration.normalise;
  const isCommon = ({ weight }: MeasuredRun): boolean => weight >= configuration.commonFrom;
  const shown = [...listed.keys()]
    .sort((a, b) => Number(isCommon(listed[a]!)) - Number(isCommon(listed[b]!)) || a - b)
    .slice(0, MOST_EXHIBITS);
  // Where differences are looked past, only the corpus itself says where a run ends in it.
  const wanted = rules.length > 0 ? [...listed.keys()] : shown;
  const read = await readSides(
    wanted.map(i => listed[i]!),
    { files: sets.training.files, layout: sets.layout, rules, signal },
  );
  const sides = new Map<number, TrainingSide>(wanted.map((i, k) => [i, read[k]!]));
  const runs = listed.map((run, i) => {
    const { at, start, end, codePointStart, codePointEnd } = run;
    const own = rules.length > 0 ? sides.get(i) : undefined;
    const bytes = own?.bytes ?? end - start;
    const codePoints = own?.codePoints ?? codePointEnd - codePointStart;
    return {
      generated: {
        file: texts[run.text]!.name,
        start: codePointStart,
        end: codePointEnd,
        bytes: { start, end },
        line: run.line,
      },
      training: {
        document: nameOf(at),
        start: at.codePoints,
        end: at.codePoints + codePoints,
        bytes: { start: at.byte, end: at.byte + bytes },
        line: at.lines + 1,
      },
      characters: codePointEnd - codePointStart,
      words: run.words,
      tokens: tokens?.[i] ?? null,
      weight: run.weight,
      common: isCommon(run),
      documents: run.documents.map(one => documentName(sets.training.files[one.file]!.file, one.row)),
    };
  });
  const exhibits = shown.map(i =>
    exhibitOf(i, listed[i]!, { generated: texts[listed[i]!.text]!.bytes, training: sides.get(i)! }),
  );
  return { runs, exhibits };
}
