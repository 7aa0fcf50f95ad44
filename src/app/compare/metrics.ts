import { type Metric, metricSchema } from '../../ground/contracts/index.ts';

/** A metric of a result and where it stands. */
export interface PlacedMetric {
  /** The same for the same metric of another run: elements of lists count by what identifies them, not by their position. */
  readonly key: string;
  /** Dotted path into the result. */
  readonly path: string;
  /** What identifies the element of a list that it belongs to; empty elsewhere. */
  readonly of: string;
  readonly metric: Metric;
  /** The object of the result that it was read from. */
  readonly source: object;
}

/** Fields that tell the elements of a list apart, in the order in which they are said. */
const IDENTIFYING = ['name', 'model', 'setting', 'parser', 'attribute', 'kind', 'size', 'index', 'first', 'second'];
const MOST_ELEMENTS = 200;
const MOST_METRICS = 2000;
const DEEPEST = 12;

interface Place {
  readonly keys: readonly string[];
  readonly names: readonly string[];
  readonly of: readonly string[];
}

function metricOf(value: object): Metric | null {
  if (!('value' in value && 'n' in value && 'interval' in value)) return null;
  const parsed = metricSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

function identityOf(element: unknown): string {
  if (typeof element !== 'object' || element === null) return '';
  const fields = element as Readonly<Record<string, unknown>>;
  return IDENTIFYING.filter(
    name => Object.hasOwn(fields, name) && (typeof fields[name] === 'string' || typeof fields[name] === 'number'),
  )
    .map(name => `${name} ${String(fields[name]).slice(0, 80)}`)
    .join(', ');
}

/**
 * All metrics of a result, in its order. Lists of more than 200 elements are items, such as pairs, and hold none that can be compared.
 *
 * @param result a report, or what a job gives to programs in its place
 */
export function metricsOf(result: unknown): PlacedMetric[] {
  const found: PlacedMetric[] = [];
  const walk = (value: unknown, place: Place): void => {
    if (typeof value !== 'object' || value === null || place.keys.length > DEEPEST || found.length >= MOST_METRICS)
      return;
    const metric = metricOf(value);
    if (metric !== null) {
      found.push({
        key: JSON.stringify(place.keys),
        path: place.names.join('.'),
        of: place.of.join('; '),
        metric,
        source: value,
      });
      return;
    }
    if (!Array.isArray(value)) {
      for (const [name, inner] of Object.entries(value))
        walk(inner, { keys: [...place.keys, name], names: [...place.names, name], of: place.of });
      return;
    }
    if (value.length > MOST_ELEMENTS) return;
    const identities = value.map(identityOf);
    const unique = new Set(identities).size === value.length;
    for (const [i, element] of value.entries()) {
      const identity = unique ? (identities[i] ?? '') : '';
      walk(element, {
        keys: [...place.keys, identity === '' ? String(i) : `[${identity}]`],
        names: [...place.names, String(i)],
        of: identity === '' ? place.of : [...place.of, identity],
      });
    }
  };
  walk(result, { keys: [], names: [], of: [] });
  return found;
}
