import type { AuditMedicalReport, Finding } from '../../ground/contracts/index.ts';

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** What an audit of medical images found, in plain words. */
export function writeMedicalVerdict({
  compared,
  replication,
  sets,
  notes,
  shown,
}: Pick<AuditMedicalReport, 'compared' | 'replication' | 'sets' | 'notes' | 'shown'>): Finding[] {
  const { pairs, copied, permutation, rule, callable, falseDiscoveryRate } = replication;
  const copies = pairs.filter(({ copy }) => copy).length;
  const test =
    permutation.p === null
      ? 'There is no held-out set, so the relabelling test could not be run'
      : `Relabelling training against held-out ${compared} gives p = ${Number(permutation.p.toPrecision(2))} over ${permutation.permutations} relabellings`;
  const beside = `The rule of the ${rule.percentile}th percentile calls ${percent(rule.generated.value ?? 0)} of generated ${compared}, and ${percent(rule.control.value ?? 0)} of those that are no copies`;
  const range =
    copied.interval === null
      ? ''
      : ` (95 % interval ${percent(copied.interval.low)} to ${percent(copied.interval.high)})`;
  const found: Finding[] = [
    copies > 0
      ? {
          subject: 'copies',
          level: 'bad',
          headline: `${copies} of ${pairs.length} generated ${compared} look like copies of training ${compared}.`,
          certainty: `${percent(copied.value ?? 0)}${range}; at most about ${percent(falseDiscoveryRate)} of such calls are expected to be false. ${beside}. ${test}.`,
        }
      : {
          subject: 'copies',
          level: callable === null ? 'unknown' : permutation.p !== null && permutation.p <= 0.05 ? 'warning' : 'good',
          headline:
            callable === null
              ? 'Nothing is called a copy, but nothing could have been: the control is too small.'
              : `No generated ${compared === 'images' ? 'image' : 'volume'} is called a copy.`,
          certainty: `${beside}. ${test}.`,
        },
  ];
  const persons = sets.training.mayShowPersons + sets.generated.mayShowPersons + (sets.heldout?.mayShowPersons ?? 0);
  if (persons > 0)
    found.push({
      subject: 'privacy',
      level: 'warning',
      headline: `${persons} DICOM files do not rule out that names are written into their pixels.`,
      certainty: `Tag (0028,0301) says YES or is missing. Nothing that stands in pixels is masked${shown.length > 0 ? ', and this report shows slices as they are' : ''}.`,
    });
  if (notes.length > 0)
    found.push({
      subject: 'images left out',
      level: 'warning',
      headline: `${notes.length} ${notes.length === 1 ? 'file or series needs' : 'files or series need'} a look.`,
      certainty: `The first is ${notes[0]!.item}: ${notes[0]!.reason}.`,
    });
  return found;
}
