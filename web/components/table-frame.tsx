import { type ReactNode, useEffect, useRef, useState } from 'react';

export interface TableFrameProps {
  /** What the table is called, for those who reach its frame with the keyboard. */
  readonly label: string;
  readonly children: ReactNode;
}

/** How far a frame's contents go beyond it, to either side. */
interface Overflow {
  readonly left: boolean;
  readonly right: boolean;
}

const FITS: Overflow = { left: false, right: false };

/** A frame in which a wide table scrolls sideways. It shows that there is more, and the keyboard can scroll it. */
export function TableFrame({ label, children }: TableFrameProps): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const [beyond, setBeyond] = useState(FITS);

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const look = (): void => {
      const most = element.scrollWidth - element.clientWidth;
      const next = { left: element.scrollLeft > 1, right: element.scrollLeft < most - 1 };
      setBeyond(now => (now.left === next.left && now.right === next.right ? now : next));
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    if (element.firstElementChild !== null) observer.observe(element.firstElementChild);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);

  const scrolls = beyond.left || beyond.right;
  return (
    <div className={`table-scroller${beyond.left ? ' more-left' : ''}${beyond.right ? ' more-right' : ''}`}>
      <div
        ref={frame}
        className="table-frame"
        {...(scrolls ? { role: 'region', tabIndex: 0, 'aria-label': `${label}, scrolls sideways` } : {})}
      >
        {children}
      </div>
      {scrolls && (
        <p className="note scroll-hint" aria-hidden="true">
          Scrolls sideways
        </p>
      )}
    </div>
  );
}
