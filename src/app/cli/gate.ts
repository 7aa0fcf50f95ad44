import { metricSchema } from '../../ground/contracts/metric.ts';
import { BiolensError } from '../../ground/errors.ts';

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
  const match = /^\s*([^<>=\s]+)\s*(>=|<=|>|<)\s*(\S+)\s*$/.exec(text);
  const limit = Number(match?.[3]);
  if (match?.[1] === undefined || match[2] === undefined || !Number.isFinite(limit)) {
    throw new BiolensError('usage', `--fail-on expected a condition like 'replication.copied>0.01', got "${text}"`);
  }
  return { text: text.trim(), path: match[1].split('.'), operator: match[2], limit };
}

function readPath(result: unknown, gate: Gate): unknown {
  let current = result;
  for (const [depth, name] of gate.path.entries()) {
    if (typeof current !== 'object' || current === null || !(name in current)) {
      const known = typeof current === 'object' && current !== null ? Object.keys(current).join(', ') : 'nothing';
      const place = depth === 0 ? 'the result' : `"${gate.path.slice(0, depth).join('.')}"`;
      throw new BiolensError('usage', `--fail-on "${gate.text}": ${place} has no "${name}", it has ${known}`);
    }
    current = Object.entries(current).find(([key]) => key === name)?.[1];
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
