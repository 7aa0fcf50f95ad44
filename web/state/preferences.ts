import { useEffect, useState, useSyncExternalStore } from 'react';

/** Remembers a choice on this machine; a browser that keeps nothing for files just forgets it. */
export function usePreference<Choice extends string>(
  name: string,
  choices: readonly Choice[],
): [Choice, (choice: Choice) => void] {
  const [choice, setChoice] = useState<Choice>(() => {
    const [first] = choices;
    if (first === undefined) throw new Error(`"${name}" has no choices`);
    try {
      const stored = localStorage.getItem(`biolens-${name}`);
      return choices.find(candidate => candidate === stored) ?? first;
    } catch {
      return first;
    }
  });
  const choose = (next: Choice): void => {
    setChoice(next);
    try {
      localStorage.setItem(`biolens-${name}`, next);
    } catch {
      // Kept for this visit only.
    }
  };
  return [choice, choose];
}

export type Theme = 'system' | 'light' | 'dark';

/** The theme, applied to the document; `system` follows the reader's own setting. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = usePreference<Theme>('theme', ['system', 'light', 'dark']);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, setTheme];
}

/** Whether a media query holds now. */
export function useMediaQuery(query: string): boolean {
  return useSyncExternalStore(
    onChange => {
      const list = window.matchMedia(query);
      list.addEventListener('change', onChange);
      return () => list.removeEventListener('change', onChange);
    },
    () => window.matchMedia(query).matches,
  );
}
