import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { BiolensError, messageOf, throwIfAborted } from '../../../../ground/errors.ts';
import { openLedger } from '../../../../kit/privacy/node.ts';
import { paddedLength } from '../../private/rotation.ts';
import { checkRoster, nameIn, writeRecord } from '../../secure/record.ts';
import type { SecureSum } from '../../secure/server.ts';
import { fromHex, toHex } from '../../wire/bytes.ts';
import type { SeenUpdates } from '../clear-round.ts';
import { openDoor } from '../door/node.ts';
import { MOST_HEADER_BYTES, readMessage, writeMessage } from '../messages.ts';
import {
  awaitedOf,
  beginRound,
  type Learned,
  learnedOf,
  planRound,
  type Running,
  recoverRound,
} from '../running/node.ts';
import type { Coordinator, LedRound, PlayedRound, RoundLead, ServeOptions, Situation } from '../serving.ts';
import { Spending } from '../spending.ts';
import { bytesOf, digestOf, endRound, type FederationState, journalPath, openState } from '../state/node.ts';
import { Traffic } from '../traffic.ts';

/** Events of privacy, in the state's folder. */
const LEDGER = 'ledger.jsonl';

export type { Coordinator, PlayedRound, ServeOptions, Situation } from '../serving.ts';

class Coordination {
  readonly #options: ServeOptions;
  readonly #sockets = new Map<number, WebSocket>();
  readonly #stop = new AbortController();
  #wake: () => void = () => undefined;
  #running: Running | null = null;
  /** Messages are taken one after the other. */
  #queue: Promise<void> = Promise.resolve();
  #weights: Float32Array;
  #state: FederationState;
  /** Null without noise. */
  readonly #spending: Spending | null;
  readonly #traffic = new Traffic();
  /** Null where no lead says what the round starts from. */
  #led: LedRound | null = null;

  constructor(
    options: ServeOptions,
    {
      state,
      weights,
      spending,
    }: { readonly state: FederationState; readonly weights: Float32Array; readonly spending: Spending | null },
  ) {
    this.#options = options;
    this.#spending = spending;
    this.#state = state;
    this.#weights = weights;
  }

  get session(): string {
    return this.#state.session;
  }

  situation(): Situation {
    const running = this.#running;
    return {
      round: this.#state.round,
      step: running?.server.step ?? 'waiting',
      here: [...this.#sockets.keys()],
      awaited: running === null ? [] : awaitedOf(running),
      bytesOf: client => this.#traffic.of(client),
    };
  }

  /** Something has happened. */
  #stir(): void {
    this.#wake();
    this.#options.onChange?.();
  }

  #send(client: number, message: Uint8Array): void {
    const socket = this.#sockets.get(client);
    if (socket === undefined) return;
    this.#traffic.add(client, { down: message.length });
    socket.send(message);
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
    openDoor(socket, {
      roster,
      session: this.session,
      log,
      onClient: client => {
        // Who comes again takes the place of its old connection.
        this.#sockets.get(client)?.terminate();
        this.#sockets.set(client, socket);
        log(`${nameIn(roster, client)} is here`);
        this.#tell(client);
        this.#stir();
      },
      onMessage: (client, bytes) => {
        this.#traffic.add(client, { up: bytes.length });
        this.#queue = this.#queue.then(() => this.#take(client, bytes)).catch(error => log(messageOf(error)));
      },
      onGone: client => {
        if (this.#sockets.get(client) !== socket) return;
        this.#sockets.delete(client);
        log(`${nameIn(roster, client)} is gone`);
        this.#options.onChange?.();
      },
    });
  }

  /** Sends a client what it is to answer next, if anything. */
  #tell(client: number): void {
    const running = this.#running;
    if (running === null || !this.#sockets.has(client) || !running.server.awaited.includes(client)) return;
    const { record, server, next } = running;
    const { round } = record;
    const step = server.step;
    if (step === 'over') return;
    const message =
      step === 'commit'
        ? writeMessage({ kind: 'task', round, record: toHex(writeRecord(record)) }, bytesOf(this.#weights))
        : writeMessage({ kind: 'step', round, step }, next.get(client));
    this.#send(client, message);
  }

  async #take(client: number, bytes: Uint8Array): Promise<void> {
    const { log, roster } = this.#options;
    const { header, payload } = readMessage(bytes);
    const running = this.#running;
    if (running === null || !('round' in header) || header.round !== running.record.round)
      return log(`${nameIn(roster, client)}: a message that belongs to no round under way`);
    if (header.kind === 'decline') {
      running.declined.add(client);
      log(`${nameIn(roster, client)} leaves the round: ${header.reason}`);
      return this.#stir();
    }
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
    await journal.append({ kind: 'frame', bytes: payload });
    this.#stir();
  }

  /** @returns null where the budget of privacy would be exceeded */
  async #begin(round: number): Promise<Running | null> {
    const { clients, roster, log, state: folder, plan, ...given } = this.#options;
    const training = { ...given.training, ...this.#led?.training };
    if (this.#sockets.size < clients) log(`round ${round} waits for ${clients} clients`);
    while (this.#sockets.size < clients) await this.#happens(60_000);
    const invited = [...this.#sockets.keys()].sort((a, b) => a - b);
    const { record, privacy } = planRound({
      ...given,
      training,
      roster,
      session: fromHex(this.session),
      round,
      weights: this.#weights,
      plan: plan(invited.length),
      invited: invited.length,
    });
    if (privacy !== null && this.#spending?.wouldExceed({ round, privacy })) return null;
    return await beginRound(journalPath(folder, round), { roster, record, privacy, invited });
  }

  async #recover(round: number): Promise<Running | null> {
    const { state, roster, log } = this.#options;
    const running = await recoverRound(journalPath(state, round), { roster });
    if (running !== null && running.aborted === null) log(`round ${round} goes on at "${running.server.step}"`);
    return running;
  }

  async #playSteps(running: Running): Promise<SecureSum | SeenUpdates> {
    const { server, journal } = running;
    const { stepMs, trainMs } = this.#options;
    while (server.step !== 'over') {
      for (const client of server.awaited) this.#tell(client);
      this.#options.onChange?.();
      const deadline = Date.now() + (server.step === 'vector' ? trainMs : stepMs);
      while (awaitedOf(running).length > 0 && Date.now() < deadline) await this.#happens(deadline - Date.now());
      // Between messages, so that the journal has them in the order in which they counted.
      const advanced = this.#queue.then(async () => {
        await journal.append({ kind: 'advance' });
        running.next = server.advance();
      });
      this.#queue = advanced.catch(() => undefined);
      await advanced;
    }
    const { privacy, record } = running;
    if (privacy !== null) await this.#spending?.enter({ round: record.round, privacy });
    return await server.finish();
  }

  /** @returns null where the budget of privacy is spent */
  async #play(round: number): Promise<PlayedRound | null> {
    const { roster, onRound } = this.#options;
    this.#traffic.clear();
    const running = (await this.#recover(round)) ?? (await this.#begin(round));
    if (running === null) return null;
    const began = Date.now();
    let reason = running.aborted;
    let summed: readonly number[] = [];
    let learned: Omit<Learned, 'change'> = { weight: 0, loss: null };
    try {
      if (reason === null) {
        this.#running = running;
        const found = await this.#playSteps(running);
        summed = found.clients;
        const { change, ...others } = learnedOf(running, found, { size: this.#weights.length });
        learned = others;
        this.#weights = this.#weights.map((value, i) => value + change[i]!);
      }
    } catch (error) {
      if (!(error instanceof BiolensError) || error.code === 'interrupted') throw error;
      reason = error.message;
    } finally {
      this.#running = null;
      await running.journal.close();
    }
    const digest = digestOf(this.#weights);
    const { invited } = running;
    for (const client of invited.filter(one => !this.#sockets.has(one)))
      this.#options.log(`round ${round}: ${nameIn(roster, client)} was lost`);
    const played = {
      ...{ round, weights: this.#weights, clients: summed.length, invited: invited.length, reason, digest },
      ...learned,
      members: invited.map(client => ({ client, summed: summed.includes(client), ...this.#traffic.of(client) })),
      seconds: (Date.now() - began) / 1000,
      epsilon: this.#spending?.epsilon ?? null,
    };
    await onRound?.(played);
    this.#state = await endRound(this.#options.state, this.#state, this.#weights);
    const over = writeMessage({ kind: 'over', round, digest: reason === null ? digest : null, reason });
    for (const client of invited) this.#send(client, over);
    return played;
  }

  /** Takes over what the lead says that the next round starts from. @returns whether there is one */
  async #follow(lead: RoundLead): Promise<boolean> {
    const { promise, reject } = Promise.withResolvers<never>();
    const { signal } = this.#stop;
    const stop = () => reject(new BiolensError('interrupted', 'interrupted'));
    signal.addEventListener('abort', stop, { once: true });
    try {
      throwIfAborted(signal);
      this.#led = await Promise.race([lead.next(), promise]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
    if (this.#led === null) return false;
    this.#weights = this.#led.weights;
    return true;
  }

  /** A led round that was broken off is not asked for again; its number is not used twice, since clients would decline it. */
  async #skipBroken(): Promise<void> {
    const { state, log } = this.#options;
    const { round } = this.#state;
    if (!existsSync(journalPath(state, round))) return;
    log(`round ${round} was broken off, and whoever asked for it is not waiting any more`);
    this.#state = await endRound(state, this.#state, this.#weights);
  }

  async run(): Promise<Float32Array> {
    const { rounds, log, privacy, lead = null } = this.#options;
    let end = 'all rounds are played';
    if (lead !== null) await this.#skipBroken();
    while (this.#state.round <= rounds) {
      if (lead !== null && !(await this.#follow(lead))) {
        end = 'there are no more rounds';
        break;
      }
      const played = await this.#play(this.#state.round);
      if (played === null) {
        end = `another round would spend more than ε = ${privacy?.budget}`;
        log(end);
        break;
      }
      lead?.done(played);
      log(
        played.reason === null
          ? `round ${played.round}: ${played.clients} of ${played.invited} clients, model ${played.digest.slice(0, 12)}${played.epsilon === null ? '' : `, ε ${played.epsilon.toPrecision(4)}`}`
          : played.reason,
      );
    }
    for (const socket of this.#sockets.values())
      socket.send(writeMessage({ kind: 'end', reason: end }), () => socket.close());
    return this.#weights;
  }
}

/**
 * Starts a coordinator: clients connect by WebSocket, prove with their keys that they are in the roster, and sum their updates securely round by
 * round. All that it was told is on the disk before it is answered; started again with its folder, it goes on in the middle of a round.
 *
 * @throws {BiolensError} `input` for a roster or a state that does not fit; `external` where the port cannot be had
 */
export async function startCoordinator(options: ServeOptions): Promise<Coordinator> {
  const { roster, tls, host, port, start, privacy } = options;
  checkRoster(roster);
  const { state, weights } = await openState(options.state, { start, roster, noise: privacy !== null });
  const ledger = privacy === null ? null : await openLedger(join(options.state, LEDGER));
  const spending = privacy === null || ledger === null ? null : new Spending(ledger, { privacy, size: start.length });
  const coordination = new Coordination(options, { state, weights, spending });
  const server = tls === null ? createServer() : createSecureServer({ cert: tls.cert, key: tls.key });
  // With noise a vector is filled up to a power of two.
  const entries = privacy === null ? start.length + 2 : paddedLength(start.length);
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
  return {
    port: (server.address() as AddressInfo).port,
    session: coordination.session,
    situation: () => coordination.situation(),
    done,
    close,
  };
}
