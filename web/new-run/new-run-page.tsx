import { type ReactNode, useMemo } from 'react';
import type { FormJob } from '../../src/ground/contracts/job.ts';
import type { RunRecord } from '../../src/ground/contracts/run.ts';
import type { Client } from '../client/client.ts';
import { usePageTitle } from '../state/use-page-title.ts';
import { visibleText } from '../text/visible-text.ts';
import { capitalised } from '../text/words.ts';
import { runAddress } from './address.ts';
import { FoldersProvider } from './folder-picker.tsx';
import { formOf } from './form-parts.ts';
import { JobForm } from './job-form.tsx';
import { jsonSchemaSchema } from './json-schema.ts';

export interface NewRunPageProps {
  readonly client: Client;
  readonly job: FormJob;
  /** The run that is to be made again; null for an empty form. */
  readonly from: RunRecord | null;
}

const EMPTY = {};

/** The form that starts a job. */
export function NewRunPage({ client, job, from }: NewRunPageProps): ReactNode {
  const name = capitalised(visibleText(job.noun));
  usePageTitle(`New run: ${name}`);
  const form = useMemo(() => formOf(jsonSchemaSchema.parse(job.configuration)), [job]);
  return (
    <section className="section" aria-labelledby="form-title">
      <p className="kicker">New run</p>
      <h1 id="form-title">{name}</h1>
      <p className="lead">{capitalised(visibleText(job.summary))}.</p>
      {from !== null && (
        <p className="note">
          The settings are those of <a href={runAddress(from.id)}>{visibleText(from.id)}</a>.
        </p>
      )}
      <p className="note">
        Relative paths begin in the folder where the studio was started. An empty field has its default.
      </p>
      <FoldersProvider value={client.listFolder}>
        <JobForm client={client} job={job} form={form} first={from?.configuration ?? EMPTY} />
      </FoldersProvider>
    </section>
  );
}
