import type { ReactNode } from 'react';
import { type Theme, useTheme } from '../state/preferences.ts';

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const WORDS: Readonly<Record<Theme, string>> = { system: 'Auto', light: 'Light', dark: 'Dark' };

/** One button that goes round: as the system, light, dark. */
export function ThemeChoice(): ReactNode {
  const [theme, setTheme] = useTheme();
  return (
    <button
      type="button"
      className="bar-button"
      aria-label={`Colours: ${WORDS[theme]}. Change to ${WORDS[NEXT[theme]]}`}
      onClick={() => setTheme(NEXT[theme])}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />
      </svg>
      <span aria-hidden="true">{WORDS[theme]}</span>
    </button>
  );
}
