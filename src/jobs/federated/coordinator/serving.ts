import type { CohortPlan } from '../secure/parameters.ts';
import type { Roster } from '../secure/record.ts';
import type { Training } from './messages.ts';
import type { FederationPrivacy } from './spending.ts';
import type { Bytes } from './traffic.ts';

/** What a round starts from, where somebody else says it. */
export interface LedRound {
  readonly weights: Float32Array;
  readonly training: Pick<Training, 'epochs' | 'learningRate'>;
}

/** Says what each round starts from, and is told what came of it. */
export interface RoundLead {
  /** Null where there are no more rounds. */
  next(): Promise<LedRound | null>;
  done(played: PlayedRound): void;
}

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
  /** Null where each round starts from the model of the one before. */
  readonly lead?: RoundLead | null;
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
  /** Told of a round before the state says that it is over: of one that is broken off after that it is told again. */
  readonly onRound?: (round: PlayedRound) => void | Promise<void>;
  /** Somebody has come or gone, or has answered. */
  readonly onChange?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/** A round that is over. */
export interface PlayedRound {
  readonly round: number;
  readonly weights: Float32Array;
  readonly clients: number;
  readonly invited: number;
  /** Who was invited, and whose vectors are in the sum. */
  readonly members: readonly ({ readonly client: number; readonly summed: boolean } & Bytes)[];
  /** Sum of its clients' weights: their examples in units. */
  readonly weight: number;
  /** Mean loss of its clients while they trained; null where they do not tell it. */
  readonly loss: number | null;
  readonly seconds: number;
  /** Why there is no new model. */
  readonly reason: string | null;
  readonly digest: string;
  /** ε of a client by now; null without noise, or where nothing bounds it. */
  readonly epsilon: number | null;
}

/** What a coordinator is at. */
export interface Situation {
  readonly round: number;
  /** `waiting`: for enough clients. */
  readonly step: string;
  readonly here: readonly number[];
  /** Whose answers are missing. */
  readonly awaited: readonly number[];
  /** Of the round under way. */
  readonly bytesOf: (client: number) => Bytes;
}

/** A coordinator at work. */
export interface Coordinator {
  readonly port: number;
  situation(): Situation;
  readonly session: string;
  /** Resolves with the last round's weights when all rounds are played; rejects with `interrupted`. */
  readonly done: Promise<Float32Array>;
  /** Stops at once, as a crash would; the state stays. */
  close(): Promise<void>;
}
