import type { ReactNode } from 'react';
import type { AuditTextReport, Exhibit, TextRun } from '../../src/ground/contracts/audit-text.ts';
import { FileName } from '../components/file-name.tsx';
import { Section } from '../components/section.tsx';
import { SetKey } from '../components/set-key.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { formatCount, plural } from '../text/format.ts';
import { visibleLines } from '../text/visible-text.ts';

/** The longest runs beside their originals, marked alike in both. */
export function Exhibits({ report }: { readonly report: AuditTextReport }): ReactNode {
  const { exhibits, runs } = report;
  return (
    <Section
      id="exhibits"
      title="Side by side"
      lead="The longest runs in the generated text on the left, and where they first stand in the training texts on the right. What is marked is the same in both."
    >
      {exhibits.length === 0 ? (
        <p className="note">
          No generated text shares a run of {formatCount(report.settings.shortest)} characters or more with the training
          texts.
        </p>
      ) : (
        <ShowMore items={exhibits} step={6} noun="runs">
          {shown => shown.map(exhibit => <Pair key={exhibit.run} exhibit={exhibit} run={runs[exhibit.run]} />)}
        </ShowMore>
      )}
    </Section>
  );
}

function Pair({ exhibit, run }: { readonly exhibit: Exhibit; readonly run: TextRun | undefined }): ReactNode {
  if (run === undefined) return null;
  const { generated, training, characters, words, weight, common } = run;
  const times = weight === 1 ? 'once in the training texts' : `${formatCount(weight)} times in the training texts`;
  return (
    <article className="exhibit" aria-label={`${plural(characters, 'character')} of ${generated.file}`}>
      <p className="exhibit-head">
        <strong>{plural(characters, 'character')}</strong>, {plural(words, 'word')}, {times}
        {common && ', so a common phrase'}
      </p>
      <div className="exhibit-sides">
        <Side set="generated" name={generated.file} line={generated.line} side={exhibit.generated} />
        <Side set="training" name={training.document} line={training.line} side={exhibit.training} />
      </div>
    </article>
  );
}

function Side({
  set,
  name,
  line,
  side,
}: {
  readonly set: 'generated' | 'training';
  readonly name: string;
  readonly line: number;
  readonly side: Exhibit['generated'];
}): ReactNode {
  return (
    <figure className="exhibit-side">
      <figcaption>
        <SetKey set={set} />
        <FileName name={name} whole />
        <span>line {formatCount(line)}</span>
      </figcaption>
      <p className="exhibit-text" dir="auto">
        {visibleLines(side.before)}
        <mark>{visibleLines(side.text)}</mark>
        {visibleLines(side.after)}
      </p>
    </figure>
  );
}
