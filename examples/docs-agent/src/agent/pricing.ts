/** US dollars per million tokens. */
export interface Price {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
}

/** What a model call used. */
export interface TokenUse {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/**
 * The price the demo bills at: GPT-5 mini, 0.25 in and 2.00 out, as listed in the npm package
 * `@pydantic/genai-prices` 0.1.8. The local reader costs nothing; the price makes its tokens comparable as money.
 */
export const illustrativePrice: Price = { inputPerMillion: 0.25, outputPerMillion: 2 };

/** The cost in US dollars. */
export function costOf(use: TokenUse, price: Price = illustrativePrice): number {
  return (use.inputTokens * price.inputPerMillion + use.outputTokens * price.outputPerMillion) / 1_000_000;
}
