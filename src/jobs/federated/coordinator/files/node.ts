import { readFile } from 'node:fs/promises';
import { fileError, readJsonFile, writeAtomically } from '../../../../ground/disk.ts';
import { BiolensError } from '../../../../ground/errors.ts';
import { nodePrimitives as primitives } from '../../secure/node.ts';
import { checkRoster, type Roster } from '../../secure/record.ts';
import { toHex } from '../../wire/bytes.ts';
import { type KeyFile, parseKeyFile, parseRoster } from '../files.ts';

const MOST_FILE_BYTES = 4e6;

/** @throws {BiolensError} `input` naming file and field */
export async function readRosterFile(file: string): Promise<Roster> {
  const roster = parseRoster(await readJsonFile(file, { mostBytes: MOST_FILE_BYTES }), file);
  checkRoster(roster);
  return roster;
}

/** Makes a client's key file; a file that is there is not written over. @returns its line of the roster */
export async function makeKeyFile(
  file: string,
  name: string,
): Promise<{ readonly name: string; readonly key: string }> {
  const there = await readFile(file).then(
    () => true,
    () => false,
  );
  if (there) throw new BiolensError('usage', `${file}: is there already, and a key is not written over`);
  const secret = primitives.randomBytes(32);
  const key = toHex(primitives.signingKey(secret).public);
  const content: KeyFile = { schema: 'biolens/federation-key@1', name, secret: toHex(secret), public: key };
  await writeAtomically(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  return { name, key };
}

/** @throws {BiolensError} `input` naming the file */
export const readText = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch(error => {
    throw fileError(file, error);
  });

/** @throws {BiolensError} `input` naming file and field */
export const readKeyFile = async (file: string): Promise<KeyFile> =>
  parseKeyFile(await readJsonFile(file, { mostBytes: MOST_FILE_BYTES }), file);
