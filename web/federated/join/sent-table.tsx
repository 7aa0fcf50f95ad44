import type { ReactNode } from 'react';
import type { SentArchive, SentMessage } from '../../../src/ground/contracts/federate-tab.ts';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { Noted } from '../../components/noted.tsx';
import { Section } from '../../components/section.tsx';
import { downloadFile } from '../../text/csv.ts';
import { formatCount, plural } from '../../text/format.ts';
import { visibleText } from '../../text/visible-text.ts';
import { trafficText } from '../traffic-text.ts';
import type { Sent, TakingPart } from './taking-part.ts';
import { tarOf } from './tar.ts';

/** What each message holds. */
const CONTENTS: Readonly<Record<string, string>> = {
  hello: 'Which client of the roster this is, and a signature on the coordinator’s challenge.',
  decline: 'Why it leaves the round.',
  commit: 'A signed commitment to its keys of this round, and the digest of the model that it was given.',
  keys: 'Its public keys of this round.',
  shares: 'Shares of its secrets, each sealed for one other client.',
  vector: 'What it has learned, with a mask on every number: alone, it cannot be told from noise.',
  confirm: 'A signature on the list of clients whose vectors are in the sum.',
  unmask: 'A share for each neighbour, so that the masks cancel out in the sum of all.',
};

const nameOf = ({ kind, step }: SentMessage): string => step ?? kind;

/** Rows that are shown; the archive has all. */
const SHOWN = 200;

const COLUMNS: readonly Column<Sent>[] = [
  {
    id: 'name',
    header: 'Message',
    cell: ({ message }) => (
      <Noted note={CONTENTS[nameOf(message)] ?? ''}>
        {message.number}. {nameOf(message)}
        {message.round !== null && `, round ${formatCount(message.round)}`}
      </Noted>
    ),
  },
  { id: 'bytes', header: 'Size', numeric: true, cell: ({ message }) => plural(message.bytes, 'byte') },
  { id: 'digest', header: 'SHA-256', cell: ({ message }) => <code>{message.sha256.slice(0, 16)}…</code> },
  {
    id: 'file',
    header: 'Content',
    cell: ({ message, content }) => (
      <button
        type="button"
        className="link-button"
        aria-label={`Download message ${message.number}`}
        onClick={() => downloadFile(message.file, content)}
      >
        Download
      </button>
    ),
  },
];

function archiveOf({ server, client, sent }: TakingPart): Blob {
  const index: SentArchive = { schema: 'biolens/sent@1', server, client, messages: sent.map(({ message }) => message) };
  const files = sent.map(({ message, content }) => ({ name: message.file, content }));
  const text = new Blob([`${JSON.stringify(index, null, 2)}\n`]);
  return tarOf([{ name: 'index.json', content: text }, ...files], new Date());
}

/** All that has left this machine, message by message. */
export function SentSection({ state }: { readonly state: TakingPart }): ReactNode {
  const { sent, server } = state;
  const bytes = sent.reduce((sum, { message }) => sum + message.bytes, 0);
  return (
    <Section
      id="sent"
      title="What has left this machine"
      lead={
        <>
          Every message to {visibleText(server)} is listed here as it was sent. The client’s script is not allowed to
          connect to any other machine, and the browser enforces that.
        </>
      }
    >
      <p className="note" role="status">
        {plural(sent.length, 'message')}, {trafficText(bytes)}
        {sent.length > SHOWN && `; the last ${SHOWN} are shown, the archive has all`}
      </p>
      {sent.length > 0 && (
        <>
          <p>
            <button
              type="button"
              className="button"
              onClick={() => downloadFile(`sent-by-${state.client}.tar`, archiveOf(state))}
            >
              Download everything
            </button>
          </p>
          <DataTable
            caption="Messages that were sent, the latest first"
            captionHidden
            columns={COLUMNS}
            rows={sent.slice(-SHOWN).reverse()}
            keyOf={({ message }) => String(message.number)}
            layout="measures"
          />
        </>
      )}
    </Section>
  );
}
