import type { AttributeBias, Finding, StudyKind, StudyResult } from '../../ground/contracts/index.ts';
import { benjaminiHochberg } from '../../ground/math/index.ts';

/** False-discovery rate over all generators of an attribute. */
const RATE = 0.05;
const NAMES: Readonly<Record<StudyKind, string>> = {
  gan: 'GAN',
  diffusion: 'diffusion model',
  command: 'generator of the command',
};

interface Point {
  readonly size: number;
  readonly bias: AttributeBias;
  readonly differs: boolean;
}

const number = (value: number): string => value.toFixed(2);

function list(sizes: readonly number[]): string {
  const words = sizes.map(size => `${size}`);
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** Generators whose samples differ from their training images, with control of the false-discovery rate. */
function findPoints(results: readonly StudyResult[], attribute: string): Map<StudyResult, Point> {
  const tested = results.filter(({ attributes }) => attributes[attribute]?.amplification.p != null);
  const qValues = benjaminiHochberg(tested.map(({ attributes }) => attributes[attribute]!.amplification.p!));
  const called = new Set(tested.filter((_, i) => qValues[i]! <= RATE));
  return new Map(
    results.flatMap(result => {
      const bias = result.attributes[attribute];
      return bias === undefined ? [] : [[result, { size: result.size, bias, differs: called.has(result) }] as const];
    }),
  );
}

function surelyMore({ bias: { amplification } }: Point): boolean {
  return amplification.interval !== null && amplification.interval.low > 1;
}

function surelyLess({ bias: { amplification } }: Point): boolean {
  return amplification.interval !== null && amplification.interval.high < 1;
}

function kindFinding(attribute: string, kind: StudyKind, points: readonly Point[]): Finding {
  const subject = `${attribute}, ${NAMES[kind]}`;
  const amplifications = points.flatMap(({ size, bias: { amplification } }) => {
    const { value, interval } = amplification;
    if (value === null) return [`${size}: ${amplification.reason}`];
    const range = interval === null ? '' : ` (${number(interval.low)} to ${number(interval.high)})`;
    return [`${size}: ${number(value)}${range}`];
  });
  const certainty = `Distance from the target over that of the training images, by size: ${amplifications.join(', ')}.`;
  const sizesOf = (kept: readonly Point[]): string => list(kept.map(({ size }) => size));
  const worse = points.filter(point => point.differs && surelyMore(point));
  if (worse.length > 0)
    return {
      subject,
      level: 'bad',
      headline: `The ${NAMES[kind]} trained on ${sizesOf(worse)} images makes the skew in ${attribute} worse.`,
      certainty,
    };
  const milder = points.filter(point => point.differs && surelyLess(point));
  const other = points.filter(({ differs }) => differs);
  if (other.length > 0)
    return {
      subject,
      level: 'warning',
      headline:
        milder.length === other.length
          ? `The ${NAMES[kind]} trained on ${sizesOf(milder)} images generates a distribution of ${attribute} nearer to the target than its images have.`
          : `The ${NAMES[kind]} trained on ${sizesOf(other)} images generates another distribution of ${attribute} than its images have.`,
      certainty,
    };
  const known = points.some(({ bias }) => bias.amplification.p !== null);
  return {
    subject,
    level: known ? 'good' : 'unknown',
    headline: known
      ? `No evidence that the ${NAMES[kind]} changes the distribution of ${attribute} at any size.`
      : `Whether the ${NAMES[kind]} changes the distribution of ${attribute} cannot be determined.`,
    certainty,
  };
}

/** What a study says in plain words: a finding for each attribute and kind. */
export function writeStudyVerdict(
  results: readonly StudyResult[],
  { attributes, kinds }: { readonly attributes: readonly string[]; readonly kinds: readonly StudyKind[] },
): Finding[] {
  return attributes.flatMap(attribute => {
    const points = findPoints(results, attribute);
    return kinds.map(kind =>
      kindFinding(
        attribute,
        kind,
        results.filter(result => result.kind === kind).flatMap(result => points.get(result) ?? []),
      ),
    );
  });
}
