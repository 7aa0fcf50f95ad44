import { useEffect } from 'react';

/** Names the window by what it shows. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · biolens`;
  }, [title]);
}
