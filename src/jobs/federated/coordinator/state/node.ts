import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fileError, readJsonFile, writeAtomically } from '../../../../ground/disk.ts';
import { BiolensError } from '../../../../ground/errors.ts';
import { nodePrimitives as primitives } from '../../secure/node.ts';
import { type Roster, rosterDigest } from '../../secure/record.ts';
import { toHex } from '../../wire/bytes.ts';

const PRIVATE_FOLDER = 0o700;
export const PRIVATE_FILE = 0o600;
const STATE_FILE = 'federation.json';

const stateSchema = z.strictObject({
  schema: z.literal('biolens/federation-state@1'),
  session: z.string().regex(/^[0-9a-f]{64}$/),
  /** The round that comes next. */
  round: z.int().min(1),
  model: z.string(),
  roster: z.string().regex(/^[0-9a-f]{64}$/),
  /** Whether its rounds have noise: all of them or none. */
  noise: z.boolean().default(false),
});
export type FederationState = z.infer<typeof stateSchema>;

/** Float32, little-endian. */
export const bytesOf = (weights: Float32Array): Uint8Array =>
  new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);

/** What a model is known by: the SHA-256 of its weights, in hexadecimal. */
export const digestOf = (weights: Float32Array): string => toHex(primitives.sha256(bytesOf(weights)));

const isMissing = (error: unknown): boolean =>
  error instanceof BiolensError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';

/**
 * The state of a federation in its folder; a new one where the folder has none.
 *
 * @param start weights that a new federation starts with
 * @throws {BiolensError} `input` for the state of another roster or another model; `usage` where it has noise and is to have none, or the other way
 */
export async function openState(
  folder: string,
  { start, roster, noise }: { readonly start: Float32Array; readonly roster: Roster; readonly noise: boolean },
): Promise<{ readonly state: FederationState; readonly weights: Float32Array }> {
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER }).catch(error => {
    throw fileError(folder, error, 'write');
  });
  const digest = toHex(rosterDigest(roster, primitives));
  const path = join(folder, STATE_FILE);
  const stored: unknown = await readJsonFile(path, { mostBytes: 65_536 }).catch(error => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (stored === null) {
    const state: FederationState = {
      schema: 'biolens/federation-state@1',
      session: toHex(randomBytes(32)),
      round: 1,
      model: modelOf(1),
      roster: digest,
      noise,
    };
    await writeState(folder, state, start);
    return { state, weights: start };
  }
  const parsed = stateSchema.safeParse(stored);
  if (!parsed.success) throw new BiolensError('input', `${path}: not the state of a federation`);
  const state = parsed.data;
  if (state.roster !== digest) throw new BiolensError('input', `${path}: the federation has another roster`);
  if (state.noise !== noise)
    throw new BiolensError(
      'usage',
      `${path}: the federation has begun ${state.noise ? 'with' : 'without'} noise, and all its rounds have it or none`,
    );
  if (!/^model-\d+\.bin$/.test(state.model))
    throw new BiolensError('input', `${path}: "model" is no file of the state`);
  const file = join(folder, state.model);
  const content = await readFile(file).catch(error => {
    throw fileError(file, error);
  });
  if (content.length !== 4 * start.length)
    throw new BiolensError(
      'input',
      `${file}: ${content.length} bytes, expected ${4 * start.length}: a model of another kind`,
    );
  // It may have been killed in between.
  await removeRound(folder, state.round - 1);
  return { state, weights: new Float32Array(new Uint8Array(content).buffer) };
}

/** The model first: the state names one that is there. */
async function writeState(folder: string, state: FederationState, weights: Float32Array): Promise<void> {
  await writeAtomically(join(folder, state.model), bytesOf(weights), { mode: PRIVATE_FILE });
  await writeAtomically(join(folder, STATE_FILE), JSON.stringify(state), { mode: PRIVATE_FILE });
}

export const journalPath = (folder: string, round: number): string => join(folder, `round-${round}.journal`);
const modelOf = (round: number): string => `model-${round}.bin`;

/** Removes what only an earlier round needed. */
async function removeRound(folder: string, round: number): Promise<void> {
  await rm(join(folder, modelOf(round)), { force: true });
  await rm(journalPath(folder, round), { force: true });
}

/** Writes down that a round is over, with the model after it. @returns the state from then on */
export async function endRound(
  folder: string,
  before: FederationState,
  weights: Float32Array,
): Promise<FederationState> {
  const round = before.round + 1;
  const state = { ...before, round, model: modelOf(round) };
  await writeState(folder, state, weights);
  await removeRound(folder, before.round);
  return state;
}
