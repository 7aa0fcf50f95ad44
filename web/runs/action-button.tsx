import { type ReactNode, useState } from 'react';
import { visibleText } from '../text/visible-text.ts';

export interface ActionButtonProps {
  readonly label: string;
  /** Says which of several alike buttons it is, for those who do not see where it stands. */
  readonly name?: string;
  /** Said while it is done. */
  readonly doing: string;
  /** @throws Error with one line for the reader */
  readonly act: () => Promise<void>;
  readonly onDone: () => void;
}

/** A button that has the studio do something, and says how that goes. */
export function ActionButton({ label, name, doing, act, onDone }: ActionButtonProps): ReactNode {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const press = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await act();
      onDone();
      // The button goes away with what it was for; the reader continues where the page says what came of it.
      document.getElementById('main')?.focus();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <div className="form-actions">
      <button type="button" className="button" aria-label={name} aria-disabled={busy} onClick={() => void press()}>
        {label}
      </button>
      <span className="note" role="status">
        {busy && doing}
      </span>
      {problem !== null && (
        <p className="form-problem" role="alert">
          {visibleText(problem)}
        </p>
      )}
    </div>
  );
}
