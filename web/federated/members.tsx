import type { ReactNode } from 'react';
import type { FederationMember, FederationReport } from '../../src/ground/contracts/federation.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Section } from '../components/section.tsx';
import { formatCount } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { trafficText } from './traffic-text.ts';

/** Rows that are shown. */
const SHOWN = 200;

const STATES: Readonly<Record<FederationMember['state'], string>> = {
  here: 'here',
  away: 'gone',
  never: 'has not come',
};

const COLUMNS: readonly Column<FederationMember>[] = [
  { id: 'name', header: 'Client', cell: ({ name }) => visibleText(name) },
  { id: 'summed', header: 'Rounds', numeric: true, cell: ({ summed }) => formatCount(summed) },
  { id: 'lost', header: 'Lost', numeric: true, cell: ({ lost }) => formatCount(lost) },
  { id: 'up', header: 'Sent', numeric: true, cell: ({ bytesUp }) => trafficText(bytesUp) },
  { id: 'down', header: 'Received', numeric: true, cell: ({ bytesDown }) => trafficText(bytesDown) },
];

/** While it goes on: whether a client is here. */
const STATE: Column<FederationMember> = { id: 'state', header: 'Now', cell: ({ state }) => STATES[state] };

/** Who has taken part, how often, and while it goes on who is here. */
export function Members({ report: { members, now } }: { readonly report: FederationReport }): ReactNode {
  const [name, ...numbers] = COLUMNS;
  return (
    <Section
      id="members"
      title="Who takes part"
      lead="Rounds whose model has what a client learned, and rounds that it was invited to and was lost from."
    >
      <DataTable
        caption="Clients of the roster"
        captionHidden
        columns={now === null ? COLUMNS : [name!, STATE, ...numbers]}
        rows={members.slice(0, SHOWN)}
        keyOf={({ name: key }) => key}
      />
      {members.length > SHOWN && (
        <p className="note">
          The first {SHOWN} of {formatCount(members.length)} clients.
        </p>
      )}
    </Section>
  );
}
