import { InvalidArgumentError, type ModelUsage } from "@verdigris/contracts";

/** How much shadow runs may spend in all, apart from what users' runs spend. */
export interface ShadowBudget {
  /** In the unit of the caller's price table. */
  readonly cost?: number;
  /** Input and output tokens together. */
  readonly tokens?: number;
}

/** What was spent. */
export interface ShadowSpend {
  readonly runs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the calls that had a price. */
  readonly cost: number;
  /** Model calls without a price. Under a cap on cost the first one closes the account: it cannot be counted. */
  readonly unpriced: number;
}

/** The account of the shadow runs of this process. */
export interface SpendAccount {
  readonly spend: ShadowSpend;
  /** Why nothing more may be spent; null while something may. */
  closed(): string | null;
  /** True when one more run, as dear as the dearest so far, still fits beside those under way. */
  admits(underWay: number): boolean;
  add(usage: ModelUsage): void;
  /** Tells what one whole run came to. */
  runEnded(cost: number, tokens: number): void;
}

function requireCap(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isFinite(value) && value >= 0)) return;
  throw new InvalidArgumentError(name, `must be a number from 0 on, got ${value}`);
}

/** Opens an account; throws `invalid-argument` for caps that are none. */
export function createSpendAccount(budget: ShadowBudget): SpendAccount {
  requireCap("budget.cost", budget.cost);
  requireCap("budget.tokens", budget.tokens);
  const { cost: costCap = Number.POSITIVE_INFINITY, tokens: tokenCap = Number.POSITIVE_INFINITY } = budget;
  const spend = { runs: 0, inputTokens: 0, outputTokens: 0, cost: 0, unpriced: 0 };
  let dearestCost = 0;
  let dearestTokens = 0;
  const tokens = () => spend.inputTokens + spend.outputTokens;

  return {
    get spend() {
      return { ...spend };
    },
    closed() {
      if (spend.cost >= costCap) return `the ${costCap} that shadow runs may cost is spent`;
      if (tokens() >= tokenCap) return `the ${tokenCap} tokens that shadow runs may use are used`;
      if (spend.unpriced > 0 && costCap !== Number.POSITIVE_INFINITY) {
        return "a model call had no price, so what is spent is not known: price the model, or cap tokens instead";
      }
      return null;
    },
    admits(underWay) {
      const runs = underWay + 1;
      return spend.cost + runs * dearestCost <= costCap && tokens() + runs * dearestTokens <= tokenCap;
    },
    add({ inputTokens, outputTokens, cost }) {
      spend.inputTokens += inputTokens;
      spend.outputTokens += outputTokens;
      if (cost === null) spend.unpriced += 1;
      else spend.cost += cost;
    },
    runEnded(cost, used) {
      spend.runs += 1;
      dearestCost = Math.max(dearestCost, cost);
      dearestTokens = Math.max(dearestTokens, used);
    },
  };
}
