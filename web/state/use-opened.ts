import { useCallback, useMemo, useSyncExternalStore } from 'react';

const CHANGED = 'biolens-address';

/** The place that the fragment of the address asks for, such as `pair=faces/1.png`; null for another name. */
function keyIn(fragment: string, name: string): string | null {
  const start = `#${name}=`;
  if (!fragment.startsWith(start)) return null;
  try {
    return decodeURIComponent(fragment.slice(start.length));
  } catch {
    // Someone typed a broken address.
    return null;
  }
}

function subscribe(onChange: () => void): () => void {
  for (const event of ['hashchange', 'popstate', CHANGED]) window.addEventListener(event, onChange);
  return () => {
    for (const event of ['hashchange', 'popstate', CHANGED]) window.removeEventListener(event, onChange);
  };
}

const fragment = (): string => location.hash;

/** Whether the entry of the history in which the reader is was made by opening something here, so that going back closes it. */
const isOurs = (): boolean =>
  typeof history.state === 'object' && history.state !== null && 'biolensOpened' in history.state;

/** Changes the address without a load; the browser itself tells nobody of that. */
function go(how: 'push' | 'replace', to: string, state: unknown): void {
  const address = `${location.pathname}${location.search}${to}`;
  if (how === 'push') history.pushState(state, '', address);
  else history.replaceState(state, '', address);
  window.dispatchEvent(new Event(CHANGED));
}

/** What the address of the page asks to be opened, by the name of what it is. */
export const keyOfAddress = (name: string): string | null => keyIn(location.hash, name);

export interface OpenedKey {
  readonly key: string | null;
  readonly openKey: (key: string) => void;
  readonly close: () => void;
}

/** What is shown large by its key, kept in the fragment of the address; see {@link useOpened}. */
export function useOpenedKey(name: string): OpenedKey {
  const key = keyIn(useSyncExternalStore(subscribe, fragment), name);
  const openKey = useCallback(
    (target: string): void => {
      const to = `#${name}=${encodeURIComponent(target.toWellFormed())}`;
      if (keyIn(location.hash, name) !== null) go('replace', to, history.state);
      else go('push', to, { biolensOpened: true });
    },
    [name],
  );
  const close = useCallback((): void => {
    if (keyIn(location.hash, name) === null) return;
    if (isOurs()) history.back();
    else go('replace', '', null);
  }, [name]);
  return { key, openKey, close };
}

export interface Opened {
  /** Position of the item that is shown large; null where none is. */
  readonly opened: number | null;
  readonly open: (index: number) => void;
  readonly close: () => void;
}

/**
 * Which item of many is shown large, kept in the fragment of the address: it can be sent to someone, the back button closes it, and moving
 * to a neighbour makes no entry in the history.
 *
 * @param name what one item is called
 * @param keys of the items, of which alike ones are counted; must not change between renders unless the items do
 */
export function useOpened(name: string, keys: readonly string[]): Opened {
  const { key, openKey, close } = useOpenedKey(name);
  const addresses = useMemo(() => addressesOf(keys), [keys]);
  const at = key === null ? -1 : addresses.indexOf(key);
  const open = useCallback(
    (index: number): void => {
      const target = addresses[index];
      if (target !== undefined) openKey(target);
    },
    [addresses, openKey],
  );
  return { opened: at < 0 ? null : at, open, close };
}

const LONGEST = 300;

/** Names as an address can carry them: whole characters, not too long, each different, whatever strangers call their files. */
export function addressesOf(keys: readonly string[]): readonly string[] {
  const used = new Map<string, number>();
  return keys.map(key => {
    const short = wellFormed(key);
    const count = (used.get(short) ?? 0) + 1;
    used.set(short, count);
    return count === 1 ? short : `${short}~${count}`;
  });
}

function wellFormed(key: string): string {
  const whole = key.toWellFormed();
  return whole.length <= LONGEST ? whole : whole.slice(0, LONGEST).toWellFormed();
}
