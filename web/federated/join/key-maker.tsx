import { type ReactNode, useState } from 'react';
import { FieldFrame } from '../../new-run/field-frame.tsx';
import { downloadText } from '../../text/csv.ts';
import { visibleText } from '../../text/visible-text.ts';
import { makeKey } from './taking-part.ts';

/** Makes a key for who has none, on this machine. */
export function KeyMaker(): ReactNode {
  const [name, setName] = useState('');
  const [line, setLine] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const make = async (): Promise<void> => {
    const wanted = name.trim();
    if (wanted === '' || wanted.length > 100) {
      setProblem('Expected a name of 1 to 100 characters');
      return;
    }
    try {
      const { file, rosterLine } = await makeKey(wanted);
      downloadText(`${wanted.replaceAll(/[^\p{L}\p{N}_-]+/gu, '-')}.key.json`, file, { type: 'application/json' });
      setLine(rosterLine);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <details>
      <summary>I have no key yet</summary>
      <div className="form-parts form-more">
        <FieldFrame
          id="key-name"
          title="Name of this client"
          help="As others will see it in the roster, such as clinic-a."
          problem={problem}
        >
          {tied => (
            <input
              {...tied}
              type="text"
              value={name}
              onChange={event => {
                setName(event.currentTarget.value);
                setProblem(undefined);
              }}
            />
          )}
        </FieldFrame>
        <div className="form-actions">
          <button type="button" className="button" onClick={() => void make()}>
            Make a key
          </button>
        </div>
        {line !== null && (
          <div role="status">
            <p className="form-help">
              The key file was saved to your downloads; whoever has it can act as this client. This line is for the
              roster:
            </p>
            <p>
              <code>{visibleText(line)}</code>
            </p>
          </div>
        )}
      </div>
    </details>
  );
}
