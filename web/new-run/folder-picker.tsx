import { createContext, type ReactNode, useContext, useEffect, useId, useRef, useState } from 'react';
import type { FolderList } from '../../src/ground/contracts/report.ts';
import { plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

/** Lists a folder that jobs may use; null where this page cannot. */
export type ListFolder = (path: string | null) => Promise<FolderList>;

const FoldersContext = createContext<ListFolder | null>(null);
export const FoldersProvider = FoldersContext.Provider;

/** What a path of each meaning may name. */
const CHOICES: Readonly<Record<string, { readonly folders: boolean; readonly files: boolean }>> = {
  'image-folder': { folders: true, files: false },
  'images-or-embeddings': { folders: true, files: true },
  texts: { folders: true, files: true },
  'label-table': { folders: false, files: true },
  'text-file': { folders: false, files: true },
  'weights-file': { folders: false, files: true },
  'onnx-model': { folders: false, files: true },
  'model-folder': { folders: true, files: false },
  generator: { folders: true, files: true },
  benchmark: { folders: true, files: true },
  'output-folder': { folders: true, files: false },
};

export interface BrowseButtonProps {
  /** Title of the field. */
  readonly title: string;
  /** What the field is to its user. */
  readonly is: string | undefined;
  readonly onChoose: (path: string) => void;
}

/** A button that lets the user pick a path from the folders that the studio may use; none for fields that are no paths. */
export function BrowseButton({ title, is, onChoose }: BrowseButtonProps): ReactNode {
  const list = useContext(FoldersContext);
  const [open, setOpen] = useState(false);
  const choice = is === undefined ? undefined : CHOICES[is];
  if (list === null || choice === undefined) return null;
  return (
    <>
      <button type="button" className="button" aria-label={`Browse for ${title}`} onClick={() => setOpen(true)}>
        Browse…
      </button>
      {open && (
        <FolderPicker
          title={title}
          list={list}
          {...choice}
          onClose={path => {
            setOpen(false);
            if (path !== null) onChoose(path);
          }}
        />
      )}
    </>
  );
}

interface FolderPickerProps {
  readonly title: string;
  readonly list: ListFolder;
  readonly folders: boolean;
  readonly files: boolean;
  /** With the path that was chosen; null for none. */
  readonly onClose: (path: string | null) => void;
}

function FolderPicker({ title, list, folders, files, onClose }: FolderPickerProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const chosen = useRef<string | null>(null);
  const id = useId();
  const [shown, setShown] = useState<FolderList | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    };
  }, []);

  const go = async (path: string | null): Promise<void> => {
    try {
      setShown(await list(path));
      setProblem(null);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  useEffect(() => {
    void go(null);
  }, []);

  const choose = (path: string): void => {
    chosen.current = path;
    dialog.current?.close();
  };
  const path = shown?.path ?? null;

  return (
    <dialog
      ref={dialog}
      className="item-dialog folder-picker"
      aria-labelledby={`${id}-title`}
      onClose={() => onClose(chosen.current)}
    >
      <div className="item-dialog-body">
        <header>
          <div>
            <h2 id={`${id}-title`}>{title}</h2>
            <p className="note">{path === null ? 'Folders that the studio may use' : <bdi>{visibleText(path)}</bdi>}</p>
          </div>
          <button type="button" className="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </header>
        {problem !== null && (
          <p className="form-problem" role="alert">
            {visibleText(problem)}
          </p>
        )}
        {shown !== null && (
          <>
            <div className="form-actions">
              {path !== null && (
                <button type="button" className="button" onClick={() => void go(shown.parent)}>
                  Up
                </button>
              )}
              {path !== null && folders && (
                <button type="button" className="button primary" onClick={() => choose(path)}>
                  Choose this folder
                </button>
              )}
              <span className="note" role="status">
                {plural(shown.folders.length, 'folder')}, {plural(shown.files.length, 'file')}
                {shown.cut && ', more are not listed'}
              </span>
            </div>
            <ul className="folder-list" aria-label="In this folder">
              {shown.folders.map(entry => (
                <li key={entry.path}>
                  <button
                    type="button"
                    className="folder-name"
                    aria-label={`Open the folder ${visibleText(entry.name)}`}
                    onClick={() => void go(entry.path)}
                  >
                    {visibleText(entry.name)}/
                  </button>
                </li>
              ))}
              {files &&
                shown.files.map(entry => (
                  <li key={entry.path}>
                    <button
                      type="button"
                      className="folder-name"
                      aria-label={`Choose the file ${visibleText(entry.name)}`}
                      onClick={() => choose(entry.path)}
                    >
                      {visibleText(entry.name)}
                    </button>
                  </li>
                ))}
            </ul>
          </>
        )}
      </div>
    </dialog>
  );
}
