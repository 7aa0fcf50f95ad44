import './no-eval.ts';
import type { TabJoin, TabNews, TabRequest, TabTask } from '../../../ground/contracts/federate-tab.ts';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { openBrowserRuntime } from '../../../kit/tensor/browser.ts';
import { stayJoined } from '../coordinator/connection.ts';
import { mostServerBytes, openDigitClient } from '../coordinator/digit-client.ts';
import { type KeyFile, parseKeyFile, parseRoster } from '../coordinator/files.ts';
import { readMessage, trainingOf } from '../coordinator/messages.ts';
import { browserPrimitives as primitives } from '../secure/primitives.ts';
import { checkRoster, readRecord } from '../secure/record.ts';
import { fromHex, toHex } from '../wire/bytes.ts';
import { connectTab } from './connect.ts';
import { readDigitFiles } from './read-digits.ts';

// The web worker of the studio's page for taking part in a federation. The page shows; what is chosen is read here, and nothing of it is passed
// to anything but the participant, whose answers are all that is sent.

const MOST_FILE_BYTES = 4e6;

const tell = (news: TabNews): void => globalThis.postMessage(news);

const note = (text: string): void => tell({ kind: 'note', at: new Date().toISOString(), text });

async function readJson(file: File): Promise<unknown> {
  if (file.size > MOST_FILE_BYTES)
    throw new BiolensError('input', `${file.name}: ${file.size} bytes, expected at most ${MOST_FILE_BYTES}`);
  try {
    return JSON.parse(await file.text());
  } catch (error) {
    throw new BiolensError('input', `${file.name}: not JSON`, { cause: error });
  }
}

/** What a round asks for, where a message begins one. */
function taskOf(bytes: Uint8Array): TabTask | null {
  try {
    const { header } = readMessage(bytes);
    if (header.kind !== 'task') return null;
    const { model, epochs, batchSize, learningRate, privacy } = trainingOf(readRecord(fromHex(header.record)));
    return { round: header.round, model, epochs, batchSize, learningRate, noise: privacy?.noise ?? null };
  } catch {
    // Whether a message is right is the participant's to say.
    return null;
  }
}

const openRuntime = (signal: AbortSignal | undefined) =>
  openBrowserRuntime({
    device: 'cpu',
    threads: 1,
    signal,
    assets: new URL('ort/', globalThis.location.href).href,
    startWorker: () =>
      new Worker(new URL('../../../kit/tensor/worker/browser.ts', import.meta.url), { type: 'module' }),
  });

async function takePart({ server, key, roster: members, files, session, leastNoise }: TabJoin, signal: AbortSignal) {
  const roster = parseRoster(await readJson(members), members.name);
  checkRoster(roster);
  const own = parseKeyFile(await readJson(key), key.name);
  const { digits, files: read } = await readDigitFiles(files);
  await using client = openDigitClient({
    ...{ own, roster, digits, primitives, openRuntime, leastNoise, log: note, signal },
    files: { key: key.name, roster: members.name },
    ...(session === null ? {} : { session }),
  });
  tell({ kind: 'data', client: client.name, images: client.images, files: read });
  const connect = connectTab({
    server,
    mostBytes: mostServerBytes(),
    primitives,
    onSent: (message, content) => tell({ kind: 'sent', message, content }),
    onReceived: bytes => {
      tell({ kind: 'received', bytes: bytes.length });
      const task = taskOf(bytes);
      if (task !== null) tell({ kind: 'task', task });
    },
  });
  return await stayJoined({ connect, participant: client.participant, log: note, signal });
}

function makeKey(name: string): void {
  const secret = primitives.randomBytes(32);
  const key = toHex(primitives.signingKey(secret).public);
  const file: KeyFile = { schema: 'biolens/federation-key@1', name, secret: toHex(secret), public: key };
  tell({
    kind: 'key',
    file: `${JSON.stringify(parseKeyFile(file, 'key'), null, 2)}\n`,
    rosterLine: JSON.stringify({ name, key }),
  });
}

let stop: AbortController | null = null;

async function join(wanted: TabJoin): Promise<void> {
  stop = new AbortController();
  try {
    tell({ kind: 'over', reason: await takePart(wanted, stop.signal) });
  } catch (error) {
    if (stop.signal.aborted) tell({ kind: 'over', reason: 'you have left the federation' });
    else tell({ kind: 'failed', message: messageOf(error) });
  }
}

globalThis.onmessage = ({ data }: MessageEvent<TabRequest>) => {
  if (data.kind === 'leave') stop?.abort();
  else if (data.kind === 'make-key') makeKey(data.name);
  else void join(data.join);
};
