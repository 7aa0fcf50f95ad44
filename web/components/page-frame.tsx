import { type ReactNode, useEffect, useRef, useState } from 'react';
import { ThemeChoice } from './theme-choice.tsx';

export interface PageSection {
  readonly id: string;
  readonly title: string;
}

export interface PageFrameProps {
  /** Parts of the page for the navigation; none for a page without parts. */
  readonly sections: readonly PageSection[];
  /** Shown in the bar beside the name: the way back in the studio. */
  readonly trail?: ReactNode;
  /** Controls of this page, in the bar. */
  readonly tools?: ReactNode;
  readonly children: ReactNode;
}

/** Pixels of the section before that stay in sight. */
const LEFT_OF_CURRENT = 64;

/** Bar, navigation and main part, the same for every page. */
export function PageFrame({ sections, trail, tools, children }: PageFrameProps): ReactNode {
  const current = useCurrentSection(sections);
  const contents = useRef<HTMLElement>(null);

  useEffect(() => {
    // On a phone the navigation is one line that scrolls sideways: it follows the reader.
    const link = contents.current?.querySelector<HTMLElement>(`a[href="#${current}"]`);
    if (link) contents.current?.scrollTo({ left: link.offsetLeft - LEFT_OF_CURRENT });
  }, [current]);

  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the report
      </a>
      <header className="bar">
        <div className="bar-name">
          <span className="wordmark">biolens</span>
          {trail}
        </div>
        <div className="bar-tools">
          {tools}
          <ThemeChoice />
        </div>
      </header>
      <div className={sections.length > 0 ? 'layout with-nav' : 'layout'}>
        {sections.length > 0 && (
          <nav ref={contents} className="contents" aria-label="Sections of this report">
            <ol>
              {sections.map(({ id, title }) => (
                <li key={id}>
                  <a href={`#${id}`} aria-current={id === current ? 'true' : undefined}>
                    {title}
                  </a>
                </li>
              ))}
            </ol>
          </nav>
        )}
        <main id="main" tabIndex={-1}>
          {children}
        </main>
      </div>
    </>
  );
}

/** The section that the reader is in: the last one whose start has passed the upper third of the window. */
function useCurrentSection(sections: readonly PageSection[]): string | null {
  const [current, setCurrent] = useState<string | null>(sections[0]?.id ?? null);
  useEffect(() => {
    let frame = 0;
    const update = (): void => {
      frame = 0;
      const line = window.innerHeight / 3;
      const atEnd = window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 2;
      const passed = sections.filter(({ id }) => {
        const top = document.getElementById(id)?.getBoundingClientRect().top;
        return top !== undefined && (top < line || (atEnd && top < window.innerHeight));
      });
      setCurrent((passed.at(-1) ?? sections[0])?.id ?? null);
    };
    const onScroll = (): void => {
      if (frame === 0) frame = requestAnimationFrame(update);
    };
    update();
    window.addEventListener('scroll', onScroll, { passive: true });
    window.addEventListener('resize', onScroll);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener('scroll', onScroll);
      window.removeEventListener('resize', onScroll);
    };
  }, [sections]);
  return current;
}
