import { leastEpsilon, privacyEvent, spentOf, wouldExceed } from '../../../kit/privacy/index.ts';
import type { PrivacyLedger } from '../../../kit/privacy/node.ts';
import type { RoundPrivacy } from './messages.ts';
import { eventOf } from './private-round.ts';

/** How clients are protected from whoever sees sums. */
export interface FederationPrivacy {
  /** In clipping norms. */
  readonly noise: number;
  readonly clip: number;
  readonly delta: number;
  /** The federation ends before the round that would spend more than this ε; null for no limit. */
  readonly budget: number | null;
}

interface Round {
  readonly round: number;
  readonly privacy: RoundPrivacy;
}

/** What the rounds of a federation with noise have told of a client. */
export class Spending {
  readonly #ledger: PrivacyLedger;
  readonly #privacy: FederationPrivacy;
  /** Numbers of the model. */
  readonly #size: number;

  constructor(
    ledger: PrivacyLedger,
    { privacy, size }: { readonly privacy: FederationPrivacy; readonly size: number },
  ) {
    this.#ledger = ledger;
    this.#privacy = privacy;
    this.#size = size;
  }

  /** Whether a round would spend more than the budget. */
  wouldExceed({ round, privacy }: Round): boolean {
    const { budget, delta } = this.#privacy;
    if (budget === null) return false;
    const event = privacyEvent(eventOf(privacy, { size: this.#size, round }));
    return wouldExceed(this.#ledger.events, [event], { epsilon: budget, delta });
  }

  /** Writes down what a round's sum will tell, before it is known; a round that was broken off after that has it already. */
  async enter({ round, privacy }: Round): Promise<void> {
    if (this.#ledger.events.some(event => event.round === round)) return;
    await this.#ledger.append(eventOf(privacy, { size: this.#size, round }));
  }

  /** ε of a client by now; null where nothing bounds it. */
  get epsilon(): number | null {
    const epsilon = leastEpsilon(spentOf(this.#ledger.events, { delta: this.#privacy.delta }));
    return Number.isFinite(epsilon) ? epsilon : null;
  }
}
