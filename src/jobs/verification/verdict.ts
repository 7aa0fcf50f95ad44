import type { Finding, Metric, VerificationReport } from '../../ground/contracts/index.ts';

/** With fewer people an interval says more about who was there than about the system. */
const FEW_PEOPLE = 100;
const MUCH_FAILED = 0.02;

const percent = (value: number): string => `${Number((100 * value).toPrecision(3))} %`;

/** A share with its interval in words. */
function said({ value, interval, reason }: Metric): string {
  if (value === null) return reason ?? 'not known';
  return interval === null
    ? percent(value)
    : `${percent(value)} (${percent(interval.low)} to ${percent(interval.high)})`;
}

function recognition({ eer, people, tmr, pairs }: VerificationReport): Finding {
  const subject = 'recognition';
  if (eer.value === null)
    return { subject, level: 'unknown', headline: 'Recognition was not measured.', certainty: `${eer.reason}.` };
  const measured = Object.entries(tmr).findLast(([, metric]) => metric.value !== null);
  const at =
    measured === undefined ? '' : ` At a false match rate of ${measured[0]} ${said(measured[1])} of mated pairs match.`;
  const few =
    eer.interval === null
      ? 'The scores do not say whom they compare, so there is no interval.'
      : people < FEW_PEOPLE
        ? `Intervals resample the ${people} people, not the pairs, and are wide with so few.`
        : `Intervals resample the ${people} people, not the pairs.`;
  return {
    subject,
    level: eer.interval === null || people < FEW_PEOPLE ? 'warning' : 'good',
    headline: `The equal error rate is ${said(eer)}.`,
    certainty: `${pairs.genuine} mated and ${pairs.impostor} non-mated pairs.${at} ${few}`,
  };
}

function failures({ failures: failed, images, failureToEnrol }: VerificationReport): Finding[] {
  if (failed === 0) return [];
  return [
    {
      subject: 'failures to enrol',
      level: (failureToEnrol.value ?? 0) > MUCH_FAILED ? 'warning' : 'good',
      headline: `${failed} of ${images} images could not be embedded, and no rate of comparisons counts them.`,
      certainty: `Failure to enrol ${said(failureToEnrol)}.`,
    },
  ];
}

const apart = (a: Metric, b: Metric): boolean =>
  a.interval !== null && b.interval !== null && (a.interval.low > b.interval.high || b.interval.low > a.interval.high);

function groupFinding({ groups }: VerificationReport): Finding[] {
  if (groups === null) return [];
  const ranked = groups.groups.filter(({ small }) => !small);
  const subject = groups.attribute;
  const small = groups.groups.length - ranked.length;
  const aside =
    small === 0
      ? ''
      : ` ${small} with fewer than ${groups.leastPeople} people ${small === 1 ? 'is' : 'are'} not ranked.`;
  if (ranked.length < 2)
    return [
      {
        subject,
        level: 'unknown',
        headline: `Whether error rates differ by ${subject} cannot be told.`,
        certainty: `Fewer than two groups have ${groups.leastPeople} people.${aside}`,
      },
    ];
  const differ = (['fmr', 'fnmr'] as const).filter(rate =>
    ranked.some((a, i) => ranked.slice(i + 1).some(b => apart(a[rate], b[rate]))),
  );
  const names = { fmr: 'false match rate', fnmr: 'false non-match rate' } as const;
  const list = ranked.map(({ group, fmr, fnmr }) => `${group} FMR ${said(fmr)}, FNMR ${said(fnmr)}`).join('; ');
  return [
    {
      subject,
      level: differ.length > 0 ? 'bad' : 'good',
      headline:
        differ.length > 0
          ? `At one threshold the ${differ.map(rate => names[rate]).join(' and the ')} differ${differ.length === 1 ? 's' : ''} by ${subject}.`
          : `No evidence that error rates differ by ${subject}.`,
      certainty: `${list}.${aside}`,
    },
  ];
}

/** What a verification says in plain words. */
export function writeVerificationVerdict(report: VerificationReport): Finding[] {
  return [recognition(report), ...failures(report), ...groupFinding(report)];
}

/** What an identification says in plain words. */
export function identificationFinding({
  ranks,
  dir,
  gallery,
  probes,
}: {
  readonly ranks: Readonly<Record<string, Metric>>;
  readonly dir: Readonly<Record<string, Metric>>;
  readonly gallery: { readonly people: number };
  readonly probes: { readonly mated: number; readonly nonMated: number };
}): Finding {
  const first = ranks['1']!;
  const open = Object.entries(dir).filter(([, metric]) => metric.value !== null);
  return {
    subject: 'identification',
    level: first.interval === null || gallery.people < FEW_PEOPLE ? 'warning' : 'good',
    headline: `The first candidate is the right person in ${said(first)} of the searches.`,
    certainty: `${probes.mated} searches for the ${gallery.people} people of the gallery, ${probes.nonMated} for others. ${
      open.length === 0
        ? `Open-set rates: ${Object.values(dir)[0]?.reason ?? 'none'}.`
        : `${open.map(([fpir, metric]) => `Found first and above the threshold at FPIR ${fpir}: ${said(metric)}`).join('. ')}.`
    } A larger gallery has more strangers, so rates and thresholds hold for a gallery of this size.`,
  };
}
