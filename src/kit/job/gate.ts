import { metricSchema } from '../../ground/contracts/metric.ts';
import { BiolensError } from '../../ground/errors.ts';
import { alternativesOf, type JsonSchema, resolveRef } from './json-schema.ts';
import { suggest } from './nearest-word.ts';

const OPERATORS: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '>=': (left, right) => left >= right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '<': (left, right) => left < right,
};

/** A condition on a result under which the command exits with 1, such as `replication.copied>0.01`. */
export interface Gate {
  readonly text: string;
  readonly path: readonly string[];
  readonly operator: string;
  readonly limit: number;
}

/**
 * Reads one `--fail-on` value: a dotted path into the JSON result, one of `> >= < <=`, and a number.
 *
 * @throws {BiolensError} `usage` when the text is not of that form.
 */
export function parseGate(text: string): Gate {
  const at = text.search(/[<>]/);
  const operator = at < 0 ? '' : text[at + 1] === '=' ? text.slice(at, at + 2) : text.slice(at, at + 1);
  const path = text.slice(0, Math.max(at, 0)).trim();
  const amount = text.slice(at + operator.length).trim();
  const limit = amount === '' ? Number.NaN : Number(amount);
  if (path === '' || /[\s=]/.test(path) || operator === '' || !Number.isFinite(limit)) {
    throw new BiolensError('usage', `--fail-on expected a condition like 'replication.copied>0.01', got "${text}"`);
  }
  return { text: text.trim(), path: path.split('.'), operator, limit };
}

/** A metric's own fields are reached by its name. */
function isMetric({ properties }: JsonSchema): boolean {
  return properties !== undefined && 'value' in properties && 'n' in properties && 'interval' in properties;
}

/**
 * Checks before any work that the path of a gate leads to a number or a metric of the result.
 *
 * @param schema JSON Schema of the result
 * @throws {BiolensError} `usage` naming the part that leads nowhere and the nearest name that is there
 */
export function checkGatePath(gate: Gate, schema: JsonSchema): void {
  const refuse = (why: string): BiolensError => new BiolensError('usage', `--fail-on "${gate.text}": ${why}`);
  let places: JsonSchema[] = alternativesOf(schema, schema);
  for (const [depth, name] of gate.path.entries()) {
    const inside = places.flatMap(({ properties, additionalProperties, items }) => {
      if (properties !== undefined && Object.hasOwn(properties, name)) return [properties[name]!];
      if (typeof additionalProperties === 'object') return [additionalProperties];
      return items !== undefined && /^\d+$/.test(name) ? [items] : [];
    });
    if (inside.length === 0) {
      const known = [...new Set(places.flatMap(({ properties = {} }) => Object.keys(properties)))];
      const list = places.some(({ items }) => items !== undefined);
      const place = depth === 0 ? 'the result' : `"${gate.path.slice(0, depth).join('.')}"`;
      const has =
        known.length > 0 ? `it has ${known.join(', ')}` : list ? 'it is a list: 0 is its first' : 'it is a value';
      throw refuse(`${place} has no "${name}"${suggest(name, known) || `, ${has}`}`);
    }
    places = inside.flatMap(found => alternativesOf(found, schema));
  }
  const number = places.some(
    place => ['number', 'integer'].includes(resolveRef(place, schema).type ?? '') || isMetric(place),
  );
  if (!number) throw refuse(`"${gate.path.join('.')}" is not a number`);
}

function readPath(result: unknown, gate: Gate): unknown {
  let current = result;
  for (const [depth, name] of gate.path.entries()) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) {
      const known = typeof current === 'object' && current !== null ? Object.keys(current).join(', ') : 'nothing';
      const place = depth === 0 ? 'the result' : `"${gate.path.slice(0, depth).join('.')}"`;
      throw new BiolensError('usage', `--fail-on "${gate.text}": ${place} has no "${name}", it has ${known}`);
    }
    current = (current as Record<string, unknown>)[name];
  }
  return current;
}

/**
 * Checks a result against the gates.
 *
 * A metric counts by its value. One that could not be computed fails the gate: a check that did not happen must not pass.
 *
 * @returns one line for each gate that failed.
 * @throws {BiolensError} `usage` when a path names nothing in the result, or something that is no number.
 */
export function failedGates(result: unknown, gates: readonly Gate[]): string[] {
  return gates.flatMap(gate => {
    const found = readPath(result, gate);
    const metric = metricSchema.safeParse(found);
    const value = metric.success ? metric.data.value : found;
    if (metric.success && value === null) return [`${gate.text}: not computed, ${metric.data.reason}`];
    if (typeof value !== 'number') {
      throw new BiolensError('usage', `--fail-on "${gate.text}": "${gate.path.join('.')}" is not a number`);
    }
    return OPERATORS[gate.operator]?.(value, gate.limit) ? [`${gate.text}: it is ${Number(value.toPrecision(4))}`] : [];
  });
}

/** @throws {BiolensError} `gate` with all conditions that hold. */
export function checkGates(result: unknown, gates: readonly Gate[]): void {
  const failed = failedGates(result, gates);
  if (failed.length > 0) throw new BiolensError('gate', `--fail-on ${failed.join('; ')}`);
}
