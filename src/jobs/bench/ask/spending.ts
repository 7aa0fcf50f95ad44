import type { Answer } from '../../../ground/contracts/bench.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { AskSettings } from './settings.ts';

export type BudgetStop = 'token-budget' | 'money-budget';

/** What a run has used up so far. */
export interface Spent {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars; null where no price was given. */
  readonly dollars: number | null;
}

export interface Spending {
  readonly spent: Spent;
  /** There is a budget and no reply yet to tell what one costs; requests had better go one at a time. */
  readonly blind: boolean;
  /** Counts a reply, also one from before a resume. */
  add(usage: Answer['usage']): void;
  /** US dollars for so many tokens; null where the price or the count is not known. */
  costOf(usage: Answer['usage']): number | null;
  /**
   * The budget that one more request would break, taking each of the `underWay` requests and the next one to cost what
   * the average one did.
   *
   * @throws BiolensError `input` where there is a budget but the endpoint does not count its tokens
   */
  stopBefore(underWay: number): BudgetStop | null;
}

type SpendingSettings = Pick<AskSettings, 'maxTokens' | 'maxDollars' | 'price'>;

/** @throws BiolensError `usage` for a budget in dollars without a price */
export function createSpending({ maxTokens, maxDollars, price }: SpendingSettings): Spending {
  if (maxDollars !== null && price === null) {
    throw new BiolensError(
      'usage',
      '"maxDollars" expected "price" beside it, as providers do not tell what a reply cost',
    );
  }
  let input = 0;
  let output = 0;
  let counted = 0;
  let uncounted = 0;
  const dollars = (inputTokens: number, outputTokens: number): number | null =>
    price === null ? null : (inputTokens * price.inputPerMillion + outputTokens * price.outputPerMillion) / 1e6;

  return {
    get spent() {
      return { inputTokens: input, outputTokens: output, dollars: dollars(input, output) };
    },
    get blind() {
      return (maxTokens !== null || maxDollars !== null) && counted === 0;
    },
    add({ inputTokens, outputTokens }) {
      if (inputTokens === null || outputTokens === null) {
        uncounted++;
        return;
      }
      input += inputTokens;
      output += outputTokens;
      counted++;
    },
    costOf: ({ inputTokens, outputTokens }) =>
      inputTokens === null || outputTokens === null ? null : dollars(inputTokens, outputTokens),
    stopBefore(underWay) {
      if (maxTokens === null && maxDollars === null) return null;
      if (counted === 0 && uncounted > 0) {
        const message = 'the budget cannot be kept: the endpoint does not say how many tokens its replies took';
        throw new BiolensError('input', message);
      }
      const expected = counted === 0 ? 0 : (underWay + 1) / counted;
      if (maxTokens !== null && (input + output) * (1 + expected) > maxTokens) return 'token-budget';
      if (maxDollars !== null && (dollars(input, output) ?? 0) * (1 + expected) > maxDollars) return 'money-budget';
      return null;
    },
  };
}
