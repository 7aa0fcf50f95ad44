import type { ReactNode } from 'react';
import type { TabTask } from '../../../src/ground/contracts/federate-tab.ts';
import { DataTable } from '../../components/data-table.tsx';
import { type Fact, Facts } from '../../components/facts.tsx';
import { PageFrame } from '../../components/page-frame.tsx';
import { Section } from '../../components/section.tsx';
import { usePageTitle } from '../../state/use-page-title.ts';
import { formatCount, formatNumber, formatTime } from '../../text/format.ts';
import { visibleText } from '../../text/visible-text.ts';
import { trafficText } from '../traffic-text.ts';
import { JoinForm } from './join-form.tsx';
import { SentSection } from './sent-table.tsx';
import { type TakingPart, useTakingPart } from './taking-part.ts';

const TITLES: Readonly<Record<TakingPart['phase'], string>> = {
  choosing: 'Take part in a federation',
  joining: 'Reading the folder…',
  here: 'Taking part',
  over: 'The federation is over',
  failed: 'This client has stopped',
};

/** A client in this tab: what it is given, what it does, and all that it sends. */
export function JoinPage({ trail }: { readonly trail: ReactNode }): ReactNode {
  const { state, join, leave, startOver } = useTakingPart();
  const { phase, end, client } = state;
  usePageTitle(TITLES[phase]);
  const working = phase === 'joining' || phase === 'here';
  return (
    <PageFrame sections={[]} trail={trail}>
      <section className="section" aria-labelledby="join-title">
        {client !== '' && <p className="kicker">{visibleText(client)}</p>}
        <div aria-live="polite">
          <h1 id="join-title">{TITLES[phase]}</h1>
          {end !== null && <p className={phase === 'failed' ? 'callout form-problem' : 'lead'}>{visibleText(end)}</p>}
        </div>
        {phase === 'choosing' && (
          <p className="lead">
            This tab trains a model on a folder of this machine, together with others. The images stay here; the
            coordinator learns the sum of what all clients have learned.
          </p>
        )}
        {/* Kept while it works, so that nothing has to be chosen twice. */}
        <div hidden={working || phase === 'over'}>
          <JoinForm onJoin={join} />
        </div>
        {phase === 'here' && <p className="lead">Leave this tab open: closing it leaves the federation.</p>}
        {working && (
          <p>
            <button type="button" className="button" onClick={leave}>
              Leave
            </button>
          </p>
        )}
        {phase === 'over' && (
          <p>
            <button type="button" className="button" onClick={startOver}>
              Take part again
            </button>
          </p>
        )}
        {client !== '' && <Facts items={factsOf(state)} />}
      </section>
      {client !== '' && (
        <>
          <SentSection state={state} />
          <Log notes={state.notes} />
        </>
      )}
    </PageFrame>
  );
}

const taskText = ({ model, epochs, batchSize, learningRate, noise }: TabTask): string =>
  `${visibleText(model)}, ${formatCount(epochs)} ${epochs === 1 ? 'epoch' : 'epochs'} in batches of ${batchSize === 0 ? 'all images' : formatCount(batchSize)}, learning rate ${learningRate}, ${noise === null ? 'no noise' : `noise of ${formatNumber(noise)} clipping norms`}`;

function factsOf({ images, files, task, sent, bytesDown, server }: TakingPart): Fact[] {
  const bytesUp = sent.reduce((sum, { message }) => sum + message.bytes, 0);
  return [
    { term: 'Coordinator', value: visibleText(server) },
    { term: 'Data', value: `${formatCount(images)} images of ${files.map(visibleText).join(', ')}` },
    { term: 'Round', value: task === null ? 'none yet' : formatCount(task.round) },
    { term: 'Asked for', value: task === null ? 'nothing yet' : taskText(task) },
    { term: 'Sent', value: trafficText(bytesUp) },
    { term: 'Received', value: trafficText(bytesDown) },
  ];
}

function Log({ notes }: Pick<TakingPart, 'notes'>): ReactNode {
  if (notes.length === 0) return null;
  const rows = notes.map((note, i) => ({ ...note, id: `${i}` })).reverse();
  return (
    <Section id="log" title="What the client says">
      <DataTable
        caption="Log of the client, the latest first"
        captionHidden
        columns={[
          { id: 'at', header: 'Time', cell: ({ at }) => formatTime(at) },
          { id: 'text', header: 'Said', cell: ({ text }) => visibleText(text) },
        ]}
        rows={rows}
        keyOf={({ id }) => id}
      />
    </Section>
  );
}
