import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileError } from '../../../ground/disk.ts';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import type { AppFiles } from './app-files.ts';
import type { FleetTransport } from './fleet.ts';
import { isOpenSsh, readOpenSshKey } from './openssh-key.ts';

export { openThread } from '../simulate/threads/node.ts';
export { openTrainers } from '../simulate/trainers.ts';
export { digitNetwork, digitTest, digitTraining } from '../tasks/mnist/digit-task.ts';
export { readMnist } from '../tasks/mnist/node.ts';
export { MODELS } from '../tasks/models.ts';
export { partition } from '../tasks/partition.ts';
export { flowerApp } from './app-files.ts';
export { joinFlower } from './join.ts';
export { createTaskClient } from './task-client.ts';

/** Curve of the keys that Flower's own tools make for nodes. */
const CURVE = 'P-384';
const TIMEOUT_MS = 60_000;
const PROTOBUF = 'application/protobuf';

/** The key that a SuperLink knows a node by. */
export interface NodeKey {
  readonly secret: KeyObject;
  /** PEM, as the SuperLink takes it. */
  readonly publicPem: string;
  /** One line as OpenSSH writes it, for `flwr supernode register`. */
  readonly publicLine: string;
}

function nodeKeyOf(secret: KeyObject): NodeKey {
  const open = createPublicKey(secret);
  const { x, y } = open.export({ format: 'jwk' });
  const text = (value: string | Buffer): Buffer => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x ?? '', 'base64url'), Buffer.from(y ?? '', 'base64url')]);
  const blob = Buffer.concat([text('ecdsa-sha2-nistp384'), text('nistp384'), text(point)]);
  return {
    secret,
    publicPem: open.export({ format: 'pem', type: 'spki' }).toString(),
    publicLine: `ecdsa-sha2-nistp384 ${blob.toString('base64')}`,
  };
}

/** A new key, P-384. */
export function makeNodeKey(): NodeKey {
  return nodeKeyOf(generateKeyPairSync('ec', { namedCurve: CURVE }).privateKey);
}

/**
 * Reads a private key on P-384: in PEM, or as `ssh-keygen -t ecdsa -b 384` writes it.
 *
 * @throws BiolensError `input` naming the file: missing, no key, another curve, encrypted
 */
export async function readNodeKey(path: string): Promise<NodeKey> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(path, error);
  });
  let secret: KeyObject;
  try {
    secret = isOpenSsh(text)
      ? createPrivateKey({ key: { ...readOpenSshKey(text) }, format: 'jwk' })
      : createPrivateKey(text);
  } catch (error) {
    const why = error instanceof BiolensError ? error.message : 'no private key in PEM, or one with a password';
    throw new BiolensError('input', `${path}: ${why}`, { details: { file: path } });
  }
  if (secret.asymmetricKeyType !== 'ec' || secret.asymmetricKeyDetails?.namedCurve !== 'secp384r1')
    throw new BiolensError('input', `${path}: expected a key on the curve P-384`, { details: { file: path } });
  return nodeKeyOf(secret);
}

/** A time as Python's `isoformat` writes it, in microseconds. */
const isoTime = (date: Date): string => date.toISOString().replace(/\.(\d{3})Z$/, '.$1000+00:00');

export interface FleetTransportOptions {
  /** `HOST:PORT`. */
  readonly address: string;
  readonly key: NodeKey;
  /** Plain HTTP: the SuperLink was started with --insecure. */
  readonly insecure: boolean;
  /** PEM of the authority that signed the SuperLink's certificate; the system's authorities by default. */
  readonly authority?: string | undefined;
}

/** @throws BiolensError `usage` for an address that is none */
export function createFleetTransport({ address, key, insecure, authority }: FleetTransportOptions): FleetTransport {
  const url = `${insecure ? 'http' : 'https'}://${address}`;
  if (!/:\d{1,5}$/.test(address) || !URL.canParse(url) || new URL(url).pathname !== '/' || url.includes('@'))
    throw new BiolensError('usage', `"flower" expected HOST:PORT, got ${JSON.stringify(address)}`);
  const agent = insecure
    ? new HttpAgent({ keepAlive: true })
    : new HttpsAgent({ keepAlive: true, ...(authority === undefined ? {} : { ca: authority }) });
  const publicKey = Buffer.from(key.publicPem);
  return {
    publicKey,
    post: (path, body, { mostBytes, signal }) =>
      new Promise((resolve, reject) => {
        const timestamp = isoTime(new Date());
        const request = (insecure ? httpRequest : httpsRequest)(new URL(path, url), {
          method: 'POST',
          agent,
          timeout: TIMEOUT_MS,
          ...(signal === undefined ? {} : { signal }),
          headers: {
            'content-type': PROTOBUF,
            accept: PROTOBUF,
            'content-length': body.length,
            'flwr-public-key': publicKey.toString('base64'),
            'flwr-timestamp': timestamp,
            'flwr-signature': sign('sha256', Buffer.from(timestamp), key.secret).toString('base64'),
          },
        });
        const fail = (error: unknown): void => {
          request.destroy();
          reject(
            new BiolensError('external', `SuperLink at ${address}: ${messageOf(error)}`, {
              cause: error,
              details: { passing: isPassing(error) },
            }),
          );
        };
        request.on('error', fail);
        request.on('timeout', () => fail(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
        request.on('response', response => {
          const pieces: Buffer[] = [];
          let bytes = 0;
          response.on('error', fail);
          response.on('data', (piece: Buffer) => {
            bytes += piece.length;
            if (bytes > mostBytes) fail(new Error(`its answer is longer than ${mostBytes} bytes`));
            else pieces.push(piece);
          });
          response.on('end', () => {
            const theirs = Date.parse(response.headers.date ?? '');
            const clock = Number.isNaN(theirs) ? {} : { clockAheadS: (Date.now() - theirs) / 1000 };
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces), ...clock });
          });
        });
        request.end(body);
      }),
  };
}

/** A server that is away may come back; a certificate that does not fit will not. */
function isPassing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return (
    ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'].includes(code) ||
    (error instanceof Error && error.message.startsWith('no answer within'))
  );
}

/** Waits, or less long where the signal says so. */
export async function sleepFor(durationMs: number, signal?: AbortSignal): Promise<void> {
  await wait(durationMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

/** @throws BiolensError `input` naming the file where it holds no certificate */
export async function readAuthority(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(path, error);
  });
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new BiolensError('input', `${path}: no certificate in PEM`, { details: { file: path } });
}

async function refuseExisting(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found !== null) throw new BiolensError('input', `${path}: is there already`, { details: { file: path } });
}

/**
 * Writes a key, for its owner alone, and its public half beside it with `.pub`.
 *
 * @throws BiolensError `input` where either is there already
 */
export async function writeNodeKey(path: string, { secret, publicLine }: NodeKey): Promise<void> {
  for (const file of [path, `${path}.pub`]) await refuseExisting(file);
  try {
    await writeFile(path, secret.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' });
    await writeFile(`${path}.pub`, `${publicLine}\n`, { flag: 'wx' });
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Writes the files of an app into a new folder. @throws BiolensError `input` where the folder is there already */
export async function writeApp(folder: string, files: AppFiles): Promise<void> {
  await refuseExisting(folder);
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
  } catch (error) {
    throw fileError(folder, error);
  }
}
