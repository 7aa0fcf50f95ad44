import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { FormJob, PlannedJob } from '../../src/ground/contracts/job.ts';
import type { Client, JobSettings } from '../client/client.ts';
import { visibleText } from '../text/visible-text.ts';
import { runAddress } from './address.ts';
import { FieldFrame } from './field-frame.tsx';
import { FAIL_ON, NAME, placeMessage, WHOLE } from './form-errors.ts';
import { type FormPart, fieldsOf, partsWhere } from './form-parts.ts';
import { FormPartsView } from './form-parts-view.tsx';
import { type FormValues, fillForm, readForm } from './form-values.ts';
import { PlanView } from './plan-view.tsx';

export interface JobFormProps {
  readonly client: Client;
  readonly job: FormJob;
  readonly form: readonly FormPart[];
  /** What it is filled in with at first. */
  readonly first: JobSettings;
}

type Busy = 'checking' | 'starting';

const NO_PROBLEMS: ReadonlyMap<string, string> = new Map();

/** The settings of a job, checked and started. */
export function JobForm({ client, job, form, first }: JobFormProps): ReactNode {
  const [values, setValues] = useState<FormValues>(() => fillForm(form, first));
  const [problems, setProblems] = useState(NO_PROBLEMS);
  const [planned, setPlanned] = useState<PlannedJob | null>(null);
  const [busy, setBusy] = useState<Busy | null>(null);
  const [more, setMore] = useState(() =>
    fieldsOf(form).some(({ id, required, usual }) => !required && !usual && id in values),
  );
  const element = useRef<HTMLFormElement>(null);

  const parts = useMemo(() => partsWhere(form, ({ rare, id }) => !rare || values[id] !== undefined), [form, values]);
  const needed = useMemo(() => partsWhere(parts, ({ required, usual }) => required || usual), [parts]);
  const others = useMemo(() => partsWhere(parts, ({ required, usual }) => !required && !usual), [parts]);

  useEffect(() => {
    if (problems.size > 0) element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [problems]);

  const change = (id: string, held: string | boolean): void => {
    setValues(now => ({ ...now, [id]: held }));
    setProblems(now => without(now, id));
    // A plan is of the settings as they were.
    setPlanned(null);
  };

  const refuse = (found: ReadonlyMap<string, string>): void => {
    if ([...found.keys()].some(id => fieldsOf(others).some(field => field.id === id))) setMore(true);
    setProblems(found);
  };

  const send = async (what: Busy, use: (configuration: JobSettings) => Promise<void>): Promise<void> => {
    if (busy !== null) return;
    const found = readForm(parts, values);
    setPlanned(null);
    if (found.problems.size > 0) {
      refuse(found.problems);
      return;
    }
    setProblems(NO_PROBLEMS);
    setBusy(what);
    try {
      await use(found.configuration);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      refuse(new Map([placeMessage(message, { fields: fieldsOf(parts), values })]));
    }
    setBusy(null);
  };

  const check = (): Promise<void> =>
    send('checking', async configuration => setPlanned(await client.planJob(job.kind, configuration)));
  const start = (): Promise<void> =>
    send('starting', async configuration => {
      const name = textOf(values[NAME]).trim();
      const failOn = textOf(values[FAIL_ON])
        .split('\n')
        .map(line => line.trim())
        .filter(line => line !== '');
      location.assign(
        runAddress(await client.startJob(job.kind, { configuration, name: name === '' ? undefined : name, failOn })),
      );
    });

  const shown = { values, problems, onChange: change };
  const whole = problems.get(WHOLE);
  return (
    <form
      ref={element}
      className="job-form"
      noValidate
      aria-label={`Settings of the ${job.noun}`}
      onSubmit={event => {
        event.preventDefault();
        void check();
      }}
    >
      <div className="form-parts">
        <FormPartsView parts={needed} {...shown} />
      </div>
      <details open={more} onToggle={event => setMore(event.currentTarget.open)}>
        <summary>More settings</summary>
        <div className="form-parts form-more">
          <FormPartsView parts={others} {...shown} />
        </div>
      </details>
      <div className="form-parts">
        <RunFields gateExample={job.gateExample} {...shown} />
      </div>
      {whole !== undefined && (
        <p className="callout form-problem" role="alert">
          {visibleText(whole)}
        </p>
      )}
      <div className="form-actions">
        <button type="submit" className="button" aria-disabled={busy !== null}>
          Check
        </button>
        <button type="button" className="button primary" aria-disabled={busy !== null} onClick={() => void start()}>
          Start
        </button>
        <span className="note" role="status">
          {busy === 'checking' && 'Checking what can be checked before the work…'}
          {busy === 'starting' && 'Checking, then starting…'}
          {busy === null && planned !== null && 'Nothing is wrong with these settings, and nothing was started.'}
        </span>
      </div>
      {planned !== null && <PlanView planned={planned} />}
    </form>
  );
}

const textOf = (held: string | boolean | undefined): string => (typeof held === 'string' ? held : '');

function without(problems: ReadonlyMap<string, string>, id: string): ReadonlyMap<string, string> {
  if (!problems.has(id) && !problems.has(WHOLE)) return problems;
  return new Map([...problems].filter(([other]) => other !== id && other !== WHOLE));
}

interface RunFieldsProps {
  readonly gateExample: string;
  readonly values: FormValues;
  readonly problems: ReadonlyMap<string, string>;
  readonly onChange: (id: string, held: string) => void;
}

/** What is said of the run rather than of the job. */
function RunFields({ gateExample, values, problems, onChange }: RunFieldsProps): ReactNode {
  return (
    <fieldset className="form-group">
      <legend>The run</legend>
      <FieldFrame id={NAME} title="Name" help="Ends the name of the run’s folder." problem={problems.get(NAME)}>
        {tied => (
          <input
            {...tied}
            type="text"
            autoComplete="off"
            spellCheck={false}
            value={textOf(values[NAME])}
            onChange={event => onChange(NAME, event.currentTarget.value)}
          />
        )}
      </FieldFrame>
      <FieldFrame
        id={FAIL_ON}
        title="Conditions that must not hold"
        help="The run’s page says which of them the result meets. One per line."
        problem={problems.get(FAIL_ON)}
      >
        {tied => (
          <textarea
            {...tied}
            rows={2}
            className="machine"
            autoComplete="off"
            spellCheck={false}
            placeholder={gateExample}
            value={textOf(values[FAIL_ON])}
            onChange={event => onChange(FAIL_ON, event.currentTarget.value)}
          />
        )}
      </FieldFrame>
    </fieldset>
  );
}
