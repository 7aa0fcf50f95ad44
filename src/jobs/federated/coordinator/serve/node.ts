import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { fileError, readJsonFile, writeAtomically } from '../../../../ground/disk.ts';
import { BiolensError, messageOf, throwIfAborted } from '../../../../ground/errors.ts';
import { leastEpsilon, privacyEvent, spentOf, wouldExceed } from '../../../../kit/privacy/index.ts';
import { openLedger, type PrivacyLedger } from '../../../../kit/privacy/node.ts';
import { decodeNoisy } from '../../private/lattice-update.ts';
import { paddedLength } from '../../private/rotation.ts';
import { nodePrimitives as primitives } from '../../secure/node.ts';
import type { CohortPlan } from '../../secure/parameters.ts';
import { decodeSum, sumBits } from '../../secure/quantise.ts';
import {
  checkRoster,
  nameIn,
  type Roster,
  type RoundRecord,
  readRecord,
  rosterDigest,
  writeRecord,
} from '../../secure/record.ts';
import { SecureServer, type SecureSum } from '../../secure/server.ts';
import { fromHex, toHex } from '../../wire/bytes.ts';
import {
  COORDINATION,
  helloText,
  MOST_HEADER_BYTES,
  type RoundPrivacy,
  readMessage,
  type Training,
  writeMessage,
} from '../messages.ts';
import { trainingOf } from '../participant.ts';
import { contributorsOf, eventOf, latticeOf, rotationOf } from '../private-round.ts';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const STATE_FILE = 'federation.json';
const MOST_JOURNAL_BYTES = 8e9;
/** Time to prove who one is. */
const HELLO_MS = 10_000;

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
type State = z.infer<typeof stateSchema>;

/** How clients are protected from whoever sees sums. */
export interface FederationPrivacy {
  /** In clipping norms. */
  readonly noise: number;
  readonly clip: number;
  readonly delta: number;
  /** The federation ends before the round that would spend more than this ε; null for no limit. */
  readonly budget: number | null;
}

/** Events of privacy, in the state's folder. */
const LEDGER = 'ledger.jsonl';

export interface ServeOptions {
  readonly roster: Roster;
  /** Folder of the federation's state: a coordinator that is started again with it goes on, in the middle of a round too. */
  readonly state: string;
  /** Weights that a new federation starts with. */
  readonly start: Float32Array;
  readonly rounds: number;
  readonly training: Omit<Training, 'privacy'>;
  /** Noise of every round, and when it ends for it; null for none. */
  readonly privacy: FederationPrivacy | null;
  readonly plan: (clients: number) => CohortPlan;
  /** A round begins when so many clients are there. */
  readonly clients: number;
  readonly leastClients: number;
  readonly host: string;
  readonly port: number;
  /** PEM; without, the connection is not encrypted. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** A step's answers are waited for so long. */
  readonly stepMs: number;
  /** The answers of the step in which clients train. */
  readonly trainMs: number;
  /** Told of connections, refusals and rounds. */
  readonly log: (line: string) => void;
  readonly onRound?: (round: PlayedRound) => void | Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** A round that is over. */
export interface PlayedRound {
  readonly round: number;
  readonly weights: Float32Array;
  readonly clients: number;
  readonly invited: number;
  /** Why there is no new model. */
  readonly reason: string | null;
  readonly digest: string;
  /** ε of a client by now; null without noise, or where nothing bounds it. */
  readonly epsilon: number | null;
}

const bytesOf = (weights: Float32Array): Uint8Array =>
  new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
const digestOf = (weights: Float32Array): string => toHex(primitives.sha256(bytesOf(weights)));

/** What a round has been told, on the disk before it is answered: a mark and bytes, one after the other. */
class Journal {
  readonly #file: FileHandle;
  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<Journal> {
    return new Journal(await open(path, 'a', PRIVATE_FILE));
  }

  async append(mark: 'record' | 'frame' | 'advance', bytes: Uint8Array = new Uint8Array()): Promise<void> {
    const head = Buffer.alloc(5);
    head.writeUInt8(['record', 'frame', 'advance'].indexOf(mark));
    head.writeUInt32LE(bytes.length, 1);
    await this.#file.appendFile(Buffer.concat([head, bytes]));
    await this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** The entries that are whole; a torn last one was never answered. */
  static async read(path: string): Promise<{ readonly mark: number; readonly bytes: Uint8Array }[]> {
    const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw fileError(path, error);
    });
    if (content.length > MOST_JOURNAL_BYTES) throw new BiolensError('input', `${path}: too large`);
    const entries: { mark: number; bytes: Uint8Array }[] = [];
    for (let at = 0; at + 5 <= content.length; ) {
      const length = content.readUInt32LE(at + 1);
      if (at + 5 + length > content.length) break;
      entries.push({ mark: content.readUInt8(at), bytes: new Uint8Array(content.subarray(at + 5, at + 5 + length)) });
      at += 5 + length;
    }
    return entries;
  }
}

/** A round under way, with what each client is to be told next. */
interface Running {
  readonly record: RoundRecord;
  readonly server: SecureServer;
  readonly invited: readonly number[];
  readonly journal: Journal;
  readonly privacy: RoundPrivacy | null;
  next: ReadonlyMap<number, Uint8Array>;
}

/** A coordinator at work. */
export interface Coordinator {
  readonly port: number;
  readonly session: string;
  /** Resolves with the last round's weights when all rounds are played; rejects with `interrupted`. */
  readonly done: Promise<Float32Array>;
  /** Stops at once, as a crash would; the state stays. */
  close(): Promise<void>;
}

class Coordination {
  readonly #options: ServeOptions;
  readonly #sockets = new Map<number, WebSocket>();
  readonly #stop = new AbortController();
  #wake: () => void = () => undefined;
  #running: Running | null = null;
  /** Messages are taken one after the other. */
  #queue: Promise<void> = Promise.resolve();
  #weights: Float32Array;
  #state: State;
  readonly #ledger: PrivacyLedger | null;

  constructor(
    options: ServeOptions,
    {
      state,
      weights,
      ledger,
    }: { readonly state: State; readonly weights: Float32Array; readonly ledger: PrivacyLedger | null },
  ) {
    this.#options = options;
    this.#ledger = ledger;
    this.#state = state;
    this.#weights = weights;
  }

  get session(): string {
    return this.#state.session;
  }

  stop(): void {
    this.#stop.abort();
    this.#wake();
    for (const socket of this.#sockets.values()) socket.terminate();
  }

  /** Waits until something has happened, or some time has passed. */
  async #happens(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, milliseconds);
    await promise;
    clearTimeout(timer);
    throwIfAborted(this.#stop.signal);
    throwIfAborted(this.#options.signal);
  }

  connect(socket: WebSocket): void {
    const { roster, log } = this.#options;
    const challenge = {
      kind: 'challenge' as const,
      protocol: COORDINATION,
      session: this.session,
      nonce: toHex(randomBytes(32)),
    };
    let client: number | null = null;
    const refuse = (reason: string) => {
      log(reason);
      socket.send(writeMessage({ kind: 'end', reason }), () => socket.close());
    };
    const timer = setTimeout(() => refuse('a connection has not said who it is'), HELLO_MS);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      clearTimeout(timer);
      if (client !== null && this.#sockets.get(client) === socket) {
        this.#sockets.delete(client);
        log(`${nameIn(roster, client)} is gone`);
      }
    });
    socket.on('message', (data, isBinary) => {
      const bytes = Buffer.isBuffer(data) && isBinary ? new Uint8Array(data) : null;
      if (bytes === null) return refuse('a message that is not binary');
      if (client !== null) {
        const known = client;
        this.#queue = this.#queue.then(() => this.#take(known, bytes)).catch(error => log(messageOf(error)));
        return;
      }
      try {
        const { header } = readMessage(bytes);
        if (header.kind !== 'hello') return refuse(`a "${header.kind}" before a hello`);
        if (header.protocol !== COORDINATION)
          return refuse(`a client speaks version ${header.protocol}, this is ${COORDINATION}`);
        const member = roster.members[header.client];
        if (member === undefined) return refuse(`client ${header.client} is not in the roster`);
        if (!primitives.verify(member.key, helloText(challenge, header.client), fromHex(header.signature)))
          return refuse(`${nameIn(roster, header.client)}: its key is not the one in the roster`);
        client = header.client;
      } catch (error) {
        return refuse(messageOf(error));
      }
      clearTimeout(timer);
      // Who comes again takes the place of its old connection.
      this.#sockets.get(client)?.terminate();
      this.#sockets.set(client, socket);
      log(`${nameIn(roster, client)} is here`);
      this.#tell(client);
      this.#wake();
    });
    socket.send(writeMessage(challenge));
  }

  /** Sends a client what it is to answer next, if anything. */
  #tell(client: number): void {
    const running = this.#running;
    const socket = this.#sockets.get(client);
    if (running === null || socket === undefined || !running.server.awaited.includes(client)) return;
    const { record, server, next } = running;
    const { round } = record;
    const step = server.step;
    if (step === 'over') return;
    if (step === 'commit')
      socket.send(writeMessage({ kind: 'task', round, record: toHex(writeRecord(record)) }, bytesOf(this.#weights)));
    else socket.send(writeMessage({ kind: 'step', round, step }, next.get(client)));
  }

  async #take(client: number, bytes: Uint8Array): Promise<void> {
    const { log, roster } = this.#options;
    const { header, payload } = readMessage(bytes);
    const running = this.#running;
    if (running === null || !('round' in header) || header.round !== running.record.round)
      return log(`${nameIn(roster, client)}: a message that belongs to no round under way`);
    if (header.kind === 'decline') return log(header.reason);
    if (header.kind !== 'answer') return log(`${nameIn(roster, client)}: a client does not send "${header.kind}"`);
    const { server, journal } = running;
    // A late or repeated answer changes nothing.
    if (header.step !== server.step || !server.awaited.includes(client)) return;
    try {
      server.receive(payload);
    } catch (error) {
      if (!(error instanceof BiolensError)) throw error;
      return log(error.message);
    }
    await journal.append('frame', payload);
    this.#wake();
  }

  #journalPath(round: number): string {
    return join(this.#options.state, `round-${round}.journal`);
  }

  /** What a round of so many clients adds in noise; null without. */
  #privacyOf(invited: number): { readonly privacy: RoundPrivacy | null; readonly leastClients: number } {
    const { privacy: wanted, plan, leastClients } = this.#options;
    if (wanted === null) return { privacy: null, leastClients };
    const { noise, clip } = wanted;
    const planned = plan(invited);
    // The more clients are certain, the less noise each of them adds.
    const least = Math.max(leastClients, invited - Math.floor(planned.dropout * invited));
    const contributors = contributorsOf({ plan: planned, leastClients: least }, { clients: invited });
    if (contributors < 1)
      throw new BiolensError(
        'usage',
        `noise: of ${invited} clients so many may be lost or work with the server that no other one's noise is certain`,
      );
    return { privacy: { noise, clip, contributors, most: invited }, leastClients: least };
  }

  #recordOf(round: number, invited: number): RoundRecord {
    const { roster, training, plan } = this.#options;
    const { privacy, leastClients } = this.#privacyOf(invited);
    const lattice = privacy === null ? null : latticeOf(privacy, this.#weights.length);
    return {
      session: fromHex(this.session),
      round,
      roster: rosterDigest(roster, primitives),
      model: primitives.sha256(bytesOf(this.#weights)),
      entries: lattice === null ? this.#weights.length + 1 : lattice.padded,
      bits: lattice === null ? sumBits(training.quantiser, invited) : lattice.bits,
      plan: plan(invited),
      leastClients,
      about: new TextEncoder().encode(JSON.stringify({ ...training, privacy } satisfies Training)),
    };
  }

  /** The round that was broken off, as far as it had come; null where there is none. */
  async #recover(round: number): Promise<Running | null> {
    const path = this.#journalPath(round);
    const [first, ...entries] = await Journal.read(path);
    if (first === undefined) return null;
    const view = new DataView(first.bytes.buffer, first.bytes.byteOffset);
    const count = view.getUint32(0, true);
    const invited = Array.from({ length: count }, (_, i) => view.getUint32(4 + 4 * i, true));
    const record = readRecord(first.bytes.subarray(4 + 4 * count));
    const server = new SecureServer({ roster: this.#options.roster, record, invited, primitives });
    let next: ReadonlyMap<number, Uint8Array> = new Map();
    for (const { mark, bytes } of entries)
      if (mark === 2) next = server.advance();
      else server.receive(bytes);
    this.#options.log(`round ${round} goes on at "${server.step}"`);
    // What its clients were told counts, whatever the coordinator is told now.
    const { privacy } = trainingOf(record);
    return { record, server, invited, journal: await Journal.open(path), privacy, next };
  }

  /** @returns null where the budget of privacy would be exceeded */
  async #begin(round: number): Promise<Running | null> {
    const { clients, roster, log } = this.#options;
    if (this.#sockets.size < clients) log(`round ${round} waits for ${clients} clients`);
    while (this.#sockets.size < clients) await this.#happens(60_000);
    const invited = [...this.#sockets.keys()].sort((a, b) => a - b);
    const { privacy } = this.#privacyOf(invited.length);
    if (privacy !== null && this.#isSpent(privacy, round)) return null;
    const record = this.#recordOf(round, invited.length);
    const server = new SecureServer({ roster, record, invited, primitives });
    const journal = await Journal.open(this.#journalPath(round));
    const head = Buffer.alloc(4 + 4 * invited.length);
    head.writeUInt32LE(invited.length);
    for (const [i, client] of invited.entries()) head.writeUInt32LE(client, 4 + 4 * i);
    await journal.append('record', Buffer.concat([head, writeRecord(record)]));
    return { record, server, invited, journal, privacy, next: new Map() };
  }

  #isSpent(privacy: RoundPrivacy, round: number): boolean {
    const { budget, delta } = this.#options.privacy!;
    if (budget === null) return false;
    const event = privacyEvent(eventOf(privacy, { size: this.#weights.length, round }));
    return wouldExceed(this.#ledger!.events, [event], { epsilon: budget, delta });
  }

  /** Writes down what the sum will tell, before it is known; a round that was broken off after that has it already. */
  async #enter({ privacy, record: { round } }: Running): Promise<void> {
    if (privacy === null || this.#ledger === null || this.#ledger.events.some(event => event.round === round)) return;
    await this.#ledger.append(eventOf(privacy, { size: this.#weights.length, round }));
  }

  #epsilon(): number | null {
    if (this.#ledger === null) return null;
    const epsilon = leastEpsilon(spentOf(this.#ledger.events, { delta: this.#options.privacy!.delta }));
    return Number.isFinite(epsilon) ? epsilon : null;
  }

  /** What the weights change by. */
  #changeOf({ privacy, record }: Running, { sum, clients }: SecureSum): Float64Array {
    if (privacy !== null) {
      const lattice = latticeOf(privacy, this.#weights.length);
      return decodeNoisy(sum, { lattice, rotation: rotationOf(record, primitives) }).map(
        value => value / clients.length,
      );
    }
    const { quantiser } = this.#options.training;
    const { total, weight } = decodeSum(sum, { quantiser, bits: record.bits, clients: clients.length });
    return total.map(value => value / weight);
  }

  async #playSteps(running: Running): Promise<SecureSum> {
    const { server, journal } = running;
    const { stepMs, trainMs } = this.#options;
    while (server.step !== 'over') {
      for (const client of server.awaited) this.#tell(client);
      const deadline = Date.now() + (server.step === 'vector' ? trainMs : stepMs);
      while (server.awaited.length > 0 && Date.now() < deadline) await this.#happens(deadline - Date.now());
      // Between messages, so that the journal has them in the order in which they counted.
      const advanced = this.#queue.then(async () => {
        await journal.append('advance');
        running.next = server.advance();
      });
      this.#queue = advanced.catch(() => undefined);
      await advanced;
    }
    await this.#enter(running);
    return await server.finish();
  }

  /** @returns null where the budget of privacy is spent */
  async #play(round: number): Promise<PlayedRound | null> {
    const { roster } = this.#options;
    const running = (await this.#recover(round)) ?? (await this.#begin(round));
    if (running === null) return null;
    this.#running = running;
    let reason: string | null = null;
    let clients = 0;
    try {
      const found = await this.#playSteps(running);
      clients = found.clients.length;
      const change = this.#changeOf(running, found);
      this.#weights = this.#weights.map((value, i) => value + change[i]!);
    } catch (error) {
      if (!(error instanceof BiolensError) || error.code === 'interrupted') throw error;
      reason = error.message;
    } finally {
      this.#running = null;
      await running.journal.close();
    }
    await this.#save(round + 1);
    await rm(this.#journalPath(round), { force: true });
    const digest = digestOf(this.#weights);
    for (const client of running.invited)
      this.#sockets
        .get(client)
        ?.send(writeMessage({ kind: 'over', round, digest: reason === null ? digest : null, reason }));
    for (const client of running.invited.filter(one => !this.#sockets.has(one)))
      this.#options.log(`round ${round}: ${nameIn(roster, client)} was lost`);
    const epsilon = this.#epsilon();
    return { round, weights: this.#weights, clients, invited: running.invited.length, reason, digest, epsilon };
  }

  async #save(round: number): Promise<void> {
    const { state } = this.#options;
    const model = `model-${round}.bin`;
    const before = this.#state.model;
    await writeAtomically(join(state, model), bytesOf(this.#weights), { mode: PRIVATE_FILE });
    this.#state = { ...this.#state, round, model };
    await writeAtomically(join(state, STATE_FILE), JSON.stringify(this.#state), { mode: PRIVATE_FILE });
    if (before !== model) await rm(join(state, before), { force: true });
  }

  async run(): Promise<Float32Array> {
    const { rounds, onRound, log, privacy } = this.#options;
    let end = 'all rounds are played';
    while (this.#state.round <= rounds) {
      const played = await this.#play(this.#state.round);
      if (played === null) {
        end = `another round would spend more than ε = ${privacy?.budget}`;
        log(end);
        break;
      }
      log(
        played.reason === null
          ? `round ${played.round}: ${played.clients} of ${played.invited} clients, model ${played.digest.slice(0, 12)}${played.epsilon === null ? '' : `, ε ${played.epsilon.toPrecision(4)}`}`
          : played.reason,
      );
      await onRound?.(played);
    }
    for (const socket of this.#sockets.values())
      socket.send(writeMessage({ kind: 'end', reason: end }), () => socket.close());
    return this.#weights;
  }
}

async function openState({
  state: folder,
  start,
  roster,
  privacy,
}: ServeOptions): Promise<{ state: State; weights: Float32Array }> {
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER }).catch(error => {
    throw fileError(folder, error, 'write');
  });
  const digest = toHex(rosterDigest(roster, primitives));
  const path = join(folder, STATE_FILE);
  const stored: unknown = await readJsonFile(path, { mostBytes: 65_536 }).catch(error => {
    if (error instanceof BiolensError && /no such file/.test(error.message)) return null;
    throw error;
  });
  if (stored === null) {
    const state: State = {
      schema: 'biolens/federation-state@1',
      session: toHex(randomBytes(32)),
      round: 1,
      model: 'model-1.bin',
      roster: digest,
      noise: privacy !== null,
    };
    await writeAtomically(join(folder, state.model), bytesOf(start), { mode: PRIVATE_FILE });
    await writeAtomically(path, JSON.stringify(state), { mode: PRIVATE_FILE });
    return { state, weights: start };
  }
  const parsed = stateSchema.safeParse(stored);
  if (!parsed.success) throw new BiolensError('input', `${path}: not the state of a federation`);
  const state = parsed.data;
  if (state.roster !== digest) throw new BiolensError('input', `${path}: the federation has another roster`);
  if (state.noise !== (privacy !== null))
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
  return { state, weights: new Float32Array(new Uint8Array(content).buffer) };
}

/**
 * Starts a coordinator: clients connect by WebSocket, prove with their keys that they are in the roster, and sum their updates securely round by
 * round. All that it was told is on the disk before it is answered; started again with its folder, it goes on in the middle of a round.
 *
 * @throws {BiolensError} `input` for a roster or a state that does not fit; `external` where the port cannot be had
 */
export async function startCoordinator(options: ServeOptions): Promise<Coordinator> {
  const { roster, tls, host, port, start } = options;
  checkRoster(roster);
  const { state, weights } = await openState(options);
  const ledger = options.privacy === null ? null : await openLedger(join(options.state, LEDGER));
  const coordination = new Coordination(options, { state, weights, ledger });
  const server = tls === null ? createServer() : createSecureServer({ cert: tls.cert, key: tls.key });
  // With noise a vector is filled up to a power of two.
  const entries = options.privacy === null ? start.length + 1 : paddedLength(start.length);
  const most = Math.max(4 * entries, 4096) + roster.members.length * 400 + MOST_HEADER_BYTES + 65_536;
  const sockets = new WebSocketServer({ server, maxPayload: most });
  sockets.on('connection', socket => coordination.connect(socket));
  // Told of by the server beneath it.
  sockets.on('error', () => undefined);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', error =>
    reject(new BiolensError('external', `${host}:${port}: ${messageOf(error)}`, { cause: error })),
  );
  server.listen(port, host, resolve);
  await promise;
  const close = async () => {
    coordination.stop();
    for (const socket of sockets.clients) socket.terminate();
    await new Promise<void>(ended => sockets.close(() => ended()));
    await new Promise<void>(ended => server.close(() => ended()));
    await ledger?.[Symbol.asyncDispose]();
  };
  const done = coordination.run();
  // Whoever waits for it is told; nobody has to.
  done.catch(() => undefined);
  return { port: (server.address() as AddressInfo).port, session: coordination.session, done, close };
}
