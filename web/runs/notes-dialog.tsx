import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { type RunNotes, type RunRow, runNotesSchema } from '../../src/ground/contracts/report.ts';
import { visibleText } from '../text/visible-text.ts';

export interface NotesDialogProps {
  readonly run: RunRow;
  /** @throws Error with one line for the reader */
  readonly save: (notes: RunNotes) => Promise<void>;
  readonly onClose: (saved: boolean) => void;
}

/** What the user says of a run: a note, and tags with commas between. */
export function NotesDialog({ run, save, onClose }: NotesDialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [notes, setNotes] = useState(run.notes);
  const [tags, setTags] = useState(run.tags.join(', '));
  const [problem, setProblem] = useState<string | null>(null);
  const saved = useRef(false);

  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    };
  }, []);

  const submit = async (): Promise<void> => {
    const list = tags
      .split(',')
      .map(tag => tag.trim())
      .filter(tag => tag !== '');
    const parsed = runNotesSchema.safeParse({ notes, tags: list });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      setProblem(`${issue?.path[0] === 'tags' ? 'Tags' : 'Note'}: ${issue?.message}.`);
      return;
    }
    try {
      await save(parsed.data);
      saved.current = true;
      dialog.current?.close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };

  return (
    <dialog
      ref={dialog}
      className="item-dialog notes-dialog"
      aria-labelledby={`${id}-title`}
      onClose={() => onClose(saved.current)}
    >
      <form
        className="item-dialog-body"
        onSubmit={event => {
          event.preventDefault();
          void submit();
        }}
      >
        <header>
          <div>
            <h2 id={`${id}-title`}>Notes and tags</h2>
            <p className="note">{visibleText(run.title)}</p>
          </div>
        </header>
        <div className="form-field">
          <label htmlFor={`${id}-notes`}>Note</label>
          <textarea
            id={`${id}-notes`}
            rows={5}
            maxLength={4000}
            value={notes}
            onChange={event => setNotes(event.currentTarget.value)}
          />
        </div>
        <div className="form-field">
          <label htmlFor={`${id}-tags`}>Tags, with commas between</label>
          <input
            id={`${id}-tags`}
            type="text"
            autoComplete="off"
            value={tags}
            onChange={event => setTags(event.currentTarget.value)}
          />
        </div>
        {problem !== null && (
          <p className="form-problem" role="alert">
            {visibleText(problem)}
          </p>
        )}
        <footer>
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" className="button primary">
            Save
          </button>
        </footer>
      </form>
    </dialog>
  );
}
