import type { SkippedFile, TextFile } from '../documents/list-files.ts';
import { type Normalisation, Normaliser } from '../documents/normalise.ts';
import { type Layout, readDocuments } from '../documents/read-documents.ts';
import { Feed } from '../search/feed.ts';
import type { Findings } from '../search/findings.ts';
import type { TextIndex } from '../search/text-index.ts';

/** How a corpus is looked at: as it is, or past some differences. */
export interface View {
  readonly index: TextIndex;
  /** None: the bytes as they are. */
  readonly rules: readonly Normalisation[];
}

/** A file of a corpus, or a part of one that is read on its own. */
export interface ScanTask {
  readonly number: number;
  readonly part: number;
  /** Bytes that runs may begin at; `to` is exclusive. */
  readonly from: number;
  readonly to: number;
}

/** What there was in a part of a corpus. */
export interface ScanCounts {
  readonly documents: number;
  readonly bytes: number;
  readonly codePoints: number;
  readonly lines: number;
  readonly skipped: readonly SkippedFile[];
  /** More files and rows than are named were left out. */
  readonly alsoSkipped: number;
}

/** Reasons that one file may give, at most: a file without the field gives one a line. */
const MOST_SKIPPED = 20;

/** Reads a part of a corpus past each view. */
export async function scanTask(
  { number, part, from, to }: ScanTask,
  {
    file,
    layout,
    views,
    findings,
    signal,
  }: {
    readonly file: TextFile;
    readonly layout: Layout;
    readonly views: readonly View[];
    /** Of each view. */
    readonly findings: readonly Findings[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ScanCounts> {
  const skip = from > 0 ? 1 : 0;
  const skipped: SkippedFile[] = [];
  let alsoSkipped = 0;
  const feeds = views.map(({ index, rules }, i) => ({
    feed: new Feed(index, findings[i]!, {
      changed: rules.length > 0,
      source: { file: number, part, base: from - skip, skip, until: to },
    }),
    normaliser: rules.length === 0 ? null : new Normaliser(rules),
  }));
  const longest = Math.max(...views.map(({ index }) => index.longest));
  let documents = 0;
  let bytes = 0;
  const pieces = readDocuments(file, {
    ...layout,
    from: from - skip,
    to: Math.min(file.bytes, to + longest + 8),
    signal,
    onSkip: one => {
      if (skipped.length < MOST_SKIPPED) skipped.push(one);
      else alsoSkipped++;
    },
  });
  for await (const piece of pieces) {
    if (piece.first) documents++;
    bytes += piece.bytes.length;
    for (const { feed, normaliser } of feeds) {
      if (piece.first) {
        feed.begin(piece.row);
        normaliser?.begin();
      }
      if (normaliser === null) feed.push(piece.bytes);
      else {
        const changed = normaliser.push(piece.bytes, piece.last);
        feed.push(changed.bytes, changed.origins);
      }
      if (piece.last) feed.end();
    }
  }
  const { codePoints, lines } = feeds[0]?.feed.counts ?? { codePoints: 0, lines: 0 };
  return {
    documents: part === 0 ? documents : 0,
    bytes: Math.min(bytes - (bytes > 0 ? skip : 0), to - from),
    codePoints,
    lines,
    skipped,
    alsoSkipped,
  };
}
