import { type ReactNode, useState } from 'react';
import type { TabJoin } from '../../../src/ground/contracts/federate-tab.ts';
import { FieldFrame } from '../../new-run/field-frame.tsx';
import { KeyMaker } from './key-maker.tsx';

type Name = 'server' | 'folder' | 'key' | 'roster' | 'noise' | 'session';
type Problems = Partial<Record<Name, string>>;

interface Choices {
  readonly server: string;
  readonly files: readonly File[];
  readonly key: File | null;
  readonly roster: File | null;
  readonly noise: string;
  readonly session: string;
}

const NOTHING: Choices = { server: '', files: [], key: null, roster: null, noise: '', session: '' };

const isAddress = (text: string): boolean =>
  URL.canParse(text) && ['ws:', 'wss:'].includes(new URL(text).protocol) && new URL(text).host !== '';

function check({ server, files, key, roster, noise, session }: Choices): TabJoin | Problems {
  const problems: Problems = {
    ...(isAddress(server.trim()) ? {} : { server: 'Expected an address such as wss://example.org:8440' }),
    ...(files.length > 0 ? {} : { folder: 'Choose a folder that is not empty' }),
    ...(noise.trim() === '' || Number(noise) >= 0 ? {} : { noise: 'Expected a number from 0' }),
    ...(/^(?:[0-9a-f]{64})?$/.test(session.trim()) ? {} : { session: 'Expected 64 hexadecimal digits' }),
  };
  if (key === null) return { ...problems, key: 'Choose a file' };
  if (roster === null) return { ...problems, roster: 'Choose a file' };
  if (Object.keys(problems).length > 0) return problems;
  return {
    ...{ server: server.trim(), key, roster, files, leastNoise: Number(noise) },
    session: session.trim() === '' ? null : session.trim(),
  };
}

const isJoin = (found: TabJoin | Problems): found is TabJoin => 'files' in found;

const PLAIN = { spellCheck: false, autoComplete: 'off', autoCapitalize: 'none' } as const;

/** All browsers have it, and React's types do not. */
const FOLDER = { webkitdirectory: '' };

/** What a person chooses before taking part. */
export function JoinForm({ onJoin }: { readonly onJoin: (join: TabJoin) => void }): ReactNode {
  const [choices, setChoices] = useState(NOTHING);
  const [problems, setProblems] = useState<Problems>({});
  const change = (changed: Partial<Choices>) => {
    setChoices(now => ({ ...now, ...changed }));
    setProblems({});
  };
  const first = (list: FileList | null): File | null => list?.[0] ?? null;
  return (
    <form
      className="job-form"
      noValidate
      aria-label="Settings of the client"
      onSubmit={event => {
        event.preventDefault();
        const found = check(choices);
        if (isJoin(found)) onJoin(found);
        else setProblems(found);
      }}
    >
      <div className="form-parts">
        <FieldFrame
          id="server"
          title="Coordinator"
          help="Address of “biolens federate serve”. With wss:// the connection is encrypted."
          problem={problems.server}
        >
          {tied => (
            <input
              {...tied}
              {...PLAIN}
              className="machine"
              type="text"
              placeholder="wss://example.org:8440"
              value={choices.server}
              onChange={event => change({ server: event.currentTarget.value })}
            />
          )}
        </FieldFrame>
        <FieldFrame
          id="folder"
          title="Folder with the data"
          help="The IDX files of digits: train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz. They are read in this tab and stay there; the browser may ask whether to “upload” them, which here means to let this page read them."
          problem={problems.folder}
        >
          {tied => (
            <input
              {...tied}
              type="file"
              multiple
              {...FOLDER}
              onChange={event => change({ files: [...(event.currentTarget.files ?? [])] })}
            />
          )}
        </FieldFrame>
        <FieldFrame
          id="key"
          title="Your key file"
          help="Made below, or by “biolens federate key --name”. It stays in this tab."
          problem={problems.key}
        >
          {tied => (
            <input
              {...tied}
              type="file"
              accept=".json,application/json"
              onChange={event => change({ key: first(event.currentTarget.files) })}
            />
          )}
        </FieldFrame>
        <FieldFrame
          id="roster"
          title="Roster"
          help="The clients and their keys. Get it from the people whom you trust, not from the coordinator."
          problem={problems.roster}
        >
          {tied => (
            <input
              {...tied}
              type="file"
              accept=".json,application/json"
              onChange={event => change({ roster: first(event.currentTarget.files) })}
            />
          )}
        </FieldFrame>
      </div>
      <details>
        <summary>More settings</summary>
        <div className="form-parts form-more">
          <FieldFrame
            id="noise"
            title="Least noise"
            help="Rounds with less noise than so many clipping norms are declined. Empty: none is demanded."
            problem={problems.noise}
          >
            {tied => (
              <input
                {...tied}
                className="number"
                type="text"
                inputMode="decimal"
                value={choices.noise}
                onChange={event => change({ noise: event.currentTarget.value })}
              />
            )}
          </FieldFrame>
          <FieldFrame
            id="session"
            title="Federation"
            help="Its id, as the coordinator prints it: another federation is not answered. Empty: any."
            problem={problems.session}
          >
            {tied => (
              <input
                {...tied}
                {...PLAIN}
                className="machine"
                type="text"
                value={choices.session}
                onChange={event => change({ session: event.currentTarget.value })}
              />
            )}
          </FieldFrame>
        </div>
      </details>
      <div className="form-actions">
        <button type="submit" className="button primary">
          Take part
        </button>
      </div>
      <KeyMaker />
    </form>
  );
}
