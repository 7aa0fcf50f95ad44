import type { AuditVideoReport } from '../../ground/contracts/index.ts';
import { formatTable } from '../../kit/text/table.ts';
import { describeVerdict } from '../../kit/text/verdict.ts';

const SHOWN = 8;
const NAME = 20;
const cutName = (name: string): string => (name.length <= NAME ? name : `…${name.slice(1 - NAME)}`);
const seconds = ([from, to]: readonly [number, number]): string => `${from.toFixed(1)}-${to.toFixed(1)}`;

/** The result of an audit of videos for a terminal of 80 columns. */
export function describeAuditVideo({ verdict, replication }: AuditVideoReport): string {
  const table = formatTable(
    [
      { title: 'generated' },
      { title: 'training' },
      { title: 'content', align: 'right' },
      { title: 'motion', align: 'right' },
      { title: 'seconds' },
      { title: 'called' },
    ],
    replication.pairs
      .slice(0, SHOWN)
      .map(({ generated, training, content, motion, spans, copy, nearestMotion }) => [
        cutName(generated),
        cutName(training),
        content.toFixed(2),
        motion === null ? 'none' : motion.toFixed(2),
        spans[0] === undefined ? '' : `${seconds(spans[0].generated)} of ${seconds(spans[0].training)}`,
        [copy ? 'content' : '', nearestMotion?.copy ? 'motion' : ''].filter(word => word !== '').join(', '),
      ]),
  );
  return `${describeVerdict(verdict)}\n${table}`;
}
