import { type Matrix, row } from '../../ground/math/index.ts';
import type { Persons } from '../verification/index.ts';
import { deriveKey, SALT_BYTES } from './keys.ts';
import type { KeyedScheme, Scheme, Template } from './scheme.ts';

/** The key of a person in one set of keys, or, without a person, the one key of all. */
export function evaluationKey(
  secret: Uint8Array,
  { scheme, set, person }: { readonly scheme: string; readonly set: number; readonly person: number | null },
): Uint8Array {
  // Numbers may make the salt here, as no secret is protected by them: the keys are of an evaluation.
  const salt = new Uint8Array(SALT_BYTES);
  const view = new DataView(salt.buffer);
  view.setUint32(0, set);
  view.setUint32(4, person === null ? 0 : person + 1);
  return deriveKey(secret, { salt, purpose: `evaluation/${scheme}` });
}

/** Items of each person. */
export function itemsOf({ names, of }: Persons): number[][] {
  const items = names.map((): number[] => []);
  of.forEach((person, item) => {
    items[person]!.push(item);
  });
  return items;
}

/** A set of templates: whose keys they are under, and those keys opened. */
export interface ProtectedSet {
  readonly templates: readonly Template[];
  readonly keyed: (item: number) => KeyedScheme;
}

/** Protects all rows under one key. */
export function protectAll(scheme: Scheme, unit: Matrix, key: Uint8Array): ProtectedSet {
  const keyed = scheme.open(key, unit.cols);
  return {
    templates: Array.from({ length: unit.rows }, (_, i) => keyed.protect(row(unit, i))),
    keyed: () => keyed,
  };
}

/** Protects each row under the key of its person. */
export function protectByPerson(
  scheme: Scheme,
  unit: Matrix,
  { person, keyOf }: { readonly person: ArrayLike<number>; readonly keyOf: (person: number) => Uint8Array },
): ProtectedSet {
  const opened = new Map<number, KeyedScheme>();
  const keyed = (item: number): KeyedScheme => {
    const who = person[item]!;
    const known = opened.get(who);
    if (known !== undefined) return known;
    const made = scheme.open(keyOf(who), unit.cols);
    opened.set(who, made);
    return made;
  };
  return { templates: Array.from({ length: unit.rows }, (_, i) => keyed(i).protect(row(unit, i))), keyed };
}
