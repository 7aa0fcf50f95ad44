import type { ReactNode } from 'react';
import type { FormJob } from '../../src/ground/contracts/job.ts';
import { usePageTitle } from '../state/use-page-title.ts';
import { visibleText } from '../text/visible-text.ts';
import { capitalised } from '../text/words.ts';
import { formAddress, JOIN_ADDRESS } from './address.ts';

/** The jobs that can be started. */
export function JobList({ jobs }: { readonly jobs: readonly FormJob[] }): ReactNode {
  usePageTitle('New run');
  return (
    <section className="section" aria-labelledby="jobs-title">
      <h1 id="jobs-title">New run</h1>
      <p className="lead">What should be done? Settings come next; nothing starts before they are checked.</p>
      <ul className="job-list">
        {jobs.map(({ kind, noun, summary }) => (
          <li key={kind}>
            <a href={formAddress(kind)}>{capitalised(visibleText(noun))}</a>
            <p>{capitalised(visibleText(summary))}.</p>
          </li>
        ))}
        <li>
          <a href={JOIN_ADDRESS}>Take part in a federation</a>
          <p>Train a model together with others, in this tab, with a folder of this machine that stays here.</p>
        </li>
      </ul>
    </section>
  );
}
