import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { RandomIntegers } from '../../../kit/privacy/index.ts';
import { makeNoisy, type NoisyLattice } from '../private/lattice-update.ts';
import { type ClientPolicy, SecureClient } from '../secure/client.ts';
import type { Step } from '../secure/frames.ts';
import type { Primitives } from '../secure/primitives.ts';
import { quantise, sumBits, type Words } from '../secure/quantise.ts';
import { contextOf, type Roster, type RoundRecord, readRecord } from '../secure/record.ts';
import { fromHex, sameBytes, toHex } from '../wire/bytes.ts';
import { ClearClient } from './clear-round.ts';
import {
  COORDINATION,
  type HeaderOf,
  helloText,
  LOSS_RANGE,
  type Message,
  type RoundPrivacy,
  readMessage,
  type Training,
  trainingOf,
  writeMessage,
} from './messages.ts';
import { checkCohort, checkedLattice, rotationOf } from './private-round.ts';

/** What a client learns in a round. */
export interface Learned {
  /** What its weights have changed by. `[n]` */
  readonly change: Float32Array;
  readonly examples: number;
  /** Mean over its examples while it trained, for rounds that ask for it. */
  readonly loss?: number;
}

export interface ParticipantOptions {
  /** Its number in the roster. */
  readonly client: number;
  readonly secret: Uint8Array;
  readonly roster: Roster;
  /** The federation that it takes part in; another one's challenge is not answered. */
  readonly session?: Uint8Array;
  readonly primitives: Primitives;
  readonly policy?: ClientPolicy;
  /** Rounds with less noise than so many clipping norms are declined; 0 by default, which asks for none. */
  readonly leastNoise?: number;
  /** Takes part in rounds that hide nothing from the coordinator, too; without, such a round is declined. */
  readonly inClear?: boolean;
  /** Trains on the model of a round; its data do not leave this function. */
  readonly train: (task: {
    readonly round: number;
    readonly weights: Float32Array;
    readonly training: Training;
  }) => Promise<Learned>;
  /** Random bits for rounding; the system's by default. */
  readonly words?: (round: number) => Words;
  /** Told of rounds, and of refusals with their reasons. */
  readonly log?: (line: string) => void;
}

interface Played {
  readonly round: number;
  readonly record: RoundRecord;
  readonly context: Uint8Array;
  readonly party: SecureClient | ClearClient;
  readonly weights: Float32Array;
  /** Where the round has noise: what it is, and the lattice that it is added on. */
  readonly noise: { readonly privacy: RoundPrivacy; readonly lattice: NoisyLattice } | null;
  /** Answers by step with the message that they answer, also while they are made: the same message gets the same answer again. */
  readonly answers: Map<Step, { readonly message: Uint8Array; readonly answer: Promise<Uint8Array> }>;
}

const NOTHING = new Uint8Array();

function systemWords({ randomBytes }: Primitives): Words {
  return into => into.set(new Uint32Array(randomBytes(into.byteLength).slice().buffer));
}

/**
 * A client of a coordinator: takes a message and returns the answer, over whatever transport. It keeps its keys of a round, so that it can
 * come back on another connection and go on; a round is played once.
 *
 * Adversary: the coordinator; see `SecureClient`. A model is trained on only if it is the one of the round's record, which all clients compare.
 */
export class Participant {
  readonly #options: ParticipantOptions;
  #played: Played | null = null;
  #lastRound = 0;

  constructor(options: ParticipantOptions) {
    this.#options = options;
  }

  #say(line: string): void {
    this.#options.log?.(line);
  }

  /**
   * @returns what is to be sent back; null for nothing
   * @throws {BiolensError} `input` for a message that is none, `external` when the server ends the connection with a reason
   */
  async receive(bytes: Uint8Array): Promise<Uint8Array | null> {
    const message = readMessage(bytes);
    const { header } = message;
    switch (header.kind) {
      case 'challenge':
        return this.#prove(header);
      case 'task':
      case 'step':
        return await this.#play(message);
      case 'over':
        this.#say(
          header.digest === null
            ? `round ${header.round}: ${header.reason}`
            : `round ${header.round}: new model ${header.digest.slice(0, 12)}`,
        );
        if (this.#played?.round === header.round) this.#played = null;
        return null;
      case 'end':
        throw new BiolensError('external', header.reason);
      default:
        throw new BiolensError('input', `message: a server does not send "${header.kind}"`);
    }
  }

  #prove(challenge: HeaderOf<'challenge'>): Uint8Array {
    const { client, secret, session, primitives } = this.#options;
    if (challenge.protocol !== COORDINATION)
      throw new BiolensError(
        'external',
        `the coordinator speaks version ${challenge.protocol}, this is ${COORDINATION}`,
      );
    if (session !== undefined && challenge.session !== toHex(session))
      throw new BiolensError('external', 'the coordinator is of another federation');
    const signature = toHex(primitives.sign(secret, helloText(challenge, client)));
    return writeMessage({ kind: 'hello', protocol: COORDINATION, client, signature });
  }

  async #play({ header, payload }: Message): Promise<Uint8Array> {
    if (header.kind !== 'task' && header.kind !== 'step') throw new BiolensError('input', 'message: no task');
    const { round } = header;
    try {
      return header.kind === 'task' ? await this.#begin(header, payload) : await this.#answer(header, payload);
    } catch (error) {
      if (!(error instanceof BiolensError) || error.code === 'interrupted') throw error;
      const reason = messageOf(error).slice(0, 2000);
      this.#say(`round ${round}: ${reason}`);
      return writeMessage({ kind: 'decline', round, reason });
    }
  }

  async #begin({ round, record: text }: HeaderOf<'task'>, payload: Uint8Array): Promise<Uint8Array> {
    const { client, secret, roster, primitives, policy, session } = this.#options;
    const record = readRecord(fromHex(text, 'round record'));
    const context = contextOf(record, primitives);
    const known = this.#played;
    // The server asks again after it was started anew, or this client has come back.
    if (known?.round === round && sameBytes(known.context, context))
      return this.#envelope(round, 'commit', await known.answers.get('commit')!.answer);
    if (record.round !== round)
      throw new BiolensError('input', `the task is of round ${round}, its record of ${record.round}`);
    if (round <= this.#lastRound) throw new BiolensError('input', `round ${round} was played before`);
    if (session !== undefined && !sameBytes(record.session, session))
      throw new BiolensError('input', 'the round is of another federation');
    const training = trainingOf(record);
    const noise = this.#noiseOf(record, training, payload.length);
    const weights = new Float32Array(payload.slice().buffer);
    const model = primitives.sha256(payload);
    const options = { client, secret, roster, record, model, primitives, ...(policy === undefined ? {} : { policy }) };
    if (training.rule !== null && this.#options.inClear !== true)
      throw new BiolensError(
        'input',
        `the coordinator would read this client's update, as the rule ${training.rule.name} needs; it takes no part without --in-clear`,
      );
    const party = training.rule === null ? new SecureClient(options) : new ClearClient(options);
    const answer = party.commit();
    this.#lastRound = round;
    this.#played = {
      round,
      record,
      context,
      party,
      weights,
      noise,
      answers: new Map([['commit', { message: NOTHING, answer: Promise.resolve(answer) }]]),
    };
    return this.#envelope(round, 'commit', answer);
  }

  /** Checks that the round's numbers fit the model, and its noise what it demands. */
  #noiseOf(record: RoundRecord, { privacy, quantiser, rule, loss }: Training, bytes: number): Played['noise'] {
    const { leastNoise = 0 } = this.#options;
    if (rule !== null && (privacy !== null || quantiser.mostWeight !== 1))
      throw new BiolensError('input', `the rule ${rule.name} goes with neither noise nor weights`);
    if (privacy !== null) {
      if (loss) throw new BiolensError('input', 'the round asks for the loss, which its noise would not cover');
      if (bytes === 0 || bytes % 4 !== 0) throw new BiolensError('input', `the model has ${bytes} bytes`);
      return { privacy, lattice: checkedLattice(record, privacy, { size: bytes / 4, leastNoise }) };
    }
    if (leastNoise > 0)
      throw new BiolensError('input', `the round has no noise, it demands ${leastNoise} clipping norms`);
    const least = sumBits(quantiser, rule === null ? record.leastClients : 1);
    if (record.bits < least)
      throw new BiolensError('input', `sums of ${record.bits} bits could overflow, expected ${least} or more`);
    const numbers = record.entries - (loss ? 2 : 1);
    if (bytes !== 4 * numbers)
      throw new BiolensError('input', `the model has ${bytes} bytes, its round ${numbers} numbers`);
    return null;
  }

  #envelope(round: number, step: Step, answer: Uint8Array): Uint8Array {
    return writeMessage({ kind: 'answer', round, step }, answer);
  }

  async #answer({ round, step }: HeaderOf<'step'>, payload: Uint8Array): Promise<Uint8Array> {
    const played = this.#played;
    if (played === null || played.round !== round) throw new BiolensError('input', `it does not play round ${round}`);
    const known = played.answers.get(step);
    if (known !== undefined && sameBytes(known.message, payload))
      return this.#envelope(round, step, await known.answer);
    const message = payload.slice();
    const answer = this.#step(played, step, message);
    // At once: who comes back on another connection while it trains waits for the same answer.
    if (known === undefined) {
      played.answers.set(step, { message, answer });
      answer.catch(() => played.answers.delete(step));
    }
    return this.#envelope(round, step, await answer);
  }

  async #step(played: Played, step: Step, message: Uint8Array): Promise<Uint8Array> {
    const { party } = played;
    if (party instanceof ClearClient) {
      if (step !== 'vector') throw new BiolensError('input', `a round in clear has no step "${step}"`);
      return party.sendVector(await this.#vector(played));
    }
    switch (step) {
      case 'commit':
        throw new BiolensError('input', 'the first step is a task');
      case 'keys':
        return this.#showKeys(played, party, message);
      case 'shares':
        return await party.shareSecrets(message);
      case 'vector':
        return await party.maskVector(message, await this.#vector(played));
      case 'confirm':
        return party.confirmSurvivors(message);
      case 'unmask':
        return party.unmask(message);
    }
  }

  /** Who takes part is known now: whether their noise suffices is made sure of before anything of its own leaves. */
  #showKeys({ record, noise }: Played, party: SecureClient, message: Uint8Array): Uint8Array {
    const answer = party.showKeys(message);
    if (noise === null) return answer;
    try {
      checkCohort(record, noise.privacy, party.parameters!.n);
    } catch (error) {
      this.#played = null;
      throw error;
    }
    return answer;
  }

  async #vector({ round, record, weights, noise }: Played): Promise<Uint32Array> {
    const { train, words, primitives } = this.#options;
    const training = trainingOf(record);
    const { quantiser, unit } = training;
    const { change, examples, loss } = await train({ round, weights, training });
    if (change.length !== weights.length) throw new BiolensError('usage', 'training gave another number of weights');
    const random = words?.(round) ?? systemWords(primitives);
    if (noise !== null)
      return makeNoisy(change, {
        lattice: noise.lattice,
        rotation: rotationOf(record, primitives),
        words: random,
        // Noise that can be repeated hides nothing: it is always the system's.
        integers: new RandomIntegers(),
      });
    const weight = Math.min(quantiser.mostWeight, Math.max(1, Math.round(examples / unit)));
    let update = change;
    if (training.loss) {
      if (loss === undefined || Number.isNaN(loss))
        throw new BiolensError('input', 'the round asks for a loss, there is none');
      update = new Float32Array(change.length + 1);
      update.set(change);
      // Within the quantiser's range of one.
      update[change.length] = Math.min(1, loss / LOSS_RANGE);
    }
    return quantise(update, { quantiser, weight, words: random }).entries;
  }
}
