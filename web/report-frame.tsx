import { type ReactNode, useMemo } from 'react';
import type { AnyReport, ReportPage } from '../src/ground/contracts/report.ts';
import type { Client, PictureRequest } from './client/client.ts';
import { kindOfSet } from './client/set-kind.ts';
import { ImageDialog } from './components/image-dialog.tsx';
import { PageFrame } from './components/page-frame.tsx';
import { type Pictures, PicturesProvider } from './components/picture.tsx';
import { viewOf } from './registry.tsx';
import { usePreference } from './state/preferences.ts';
import { visibleText } from './text/visible-text.ts';

export interface ReportFrameProps {
  readonly client: Client;
  readonly page: ReportPage;
  readonly report: AnyReport;
  readonly trail?: ReactNode;
}

/** A report of any kind with its navigation, its images, and the control that blurs them. */
export function ReportFrame({ client, page, report, trail }: ReportFrameProps): ReactNode {
  const [blur, setBlur] = usePreference('blur', ['off', 'on']);
  const { sections, content } = viewOf(page, report);
  const pictures = useMemo(
    (): Pictures => ({
      urlOf: request => (page.imagesWithheld?.[request.set] === undefined ? client.pictureUrl(page, request) : null),
      whyMissing: set => page.imagesWithheld?.[set] ?? whyMissing(client, report, set),
    }),
    [client, page, report],
  );
  const tools = page.blurred ? (
    <span className="bar-note">Faces are blurred</span>
  ) : (
    <button
      type="button"
      className="bar-button"
      aria-pressed={blur === 'on'}
      onClick={() => setBlur(blur === 'on' ? 'off' : 'on')}
    >
      Blur faces
    </button>
  );
  return (
    <PicturesProvider value={pictures}>
      <div className={blur === 'on' && !page.blurred ? 'blurred' : undefined}>
        <PageFrame sections={sections} trail={trail} tools={tools}>
          <WithheldImages page={page} />
          {content}
        </PageFrame>
        <ImageDialog />
      </div>
    </PicturesProvider>
  );
}

/** Which images this page does not show, and why. */
function WithheldImages({ page: { imagesWithheld = {} } }: { readonly page: ReportPage }): ReactNode {
  const withheld = Object.entries(imagesWithheld);
  if (withheld.length === 0) return null;
  return (
    <aside className="run-notice" aria-label="Images that are not shown">
      <ul>
        {withheld.map(([set, why]) => (
          <li key={set}>
            Images ({set}): {visibleText(why)}.
          </li>
        ))}
      </ul>
    </aside>
  );
}

function whyMissing(client: Client, report: AnyReport, set: PictureRequest['set']): string {
  if (kindOfSet(report, set) === 'embeddings') return 'embeddings only, no image';
  return client.kind === 'frozen' ? 'not kept in this file' : 'no image';
}
