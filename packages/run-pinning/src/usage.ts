import { InvalidArgumentError, type ModelUsage } from "@verdigris/contracts";

const optionalTokens = ["cacheReadTokens", "cacheWriteTokens", "reasoningTokens"] as const;

/** Of one call. Far above any price, and far below where the ledger's decimals would end. */
const mostCost = 1_000_000;

function atLeastZero(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isShortText(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value.length <= 128;
}

function checkTokens(usage: ModelUsage): void {
  for (const field of ["inputTokens", "outputTokens"] as const) {
    if (!atLeastZero(usage[field])) throw new InvalidArgumentError(`usage.${field}`, "must be 0 or more");
  }
  for (const field of optionalTokens) {
    if (usage[field] !== undefined && !atLeastZero(usage[field]))
      throw new InvalidArgumentError(`usage.${field}`, "must be 0 or more where it is given");
  }
}

function checkCost({ cost, currency, priceTable, costSource }: ModelUsage): void {
  if (cost !== null && !(atLeastZero(cost) && cost <= mostCost))
    throw new InvalidArgumentError("usage.cost", `must be 0 to ${mostCost}, or null when it is not known`);
  if (currency !== undefined && !/^[A-Z]{3}$/.test(currency))
    throw new InvalidArgumentError("usage.currency", "must be three capital letters, as in USD");
  if (priceTable !== undefined && !isShortText(priceTable))
    throw new InvalidArgumentError("usage.priceTable", "must be text of 1 to 128 characters");
  if (costSource !== undefined && !["price-table", "provider", "estimate"].includes(costSource))
    throw new InvalidArgumentError("usage.costSource", 'must be "price-table", "provider" or "estimate"');
}

/** A frozen copy of what is known of one model call; throws `invalid-argument` naming the field that cannot be. */
export function checkUsage(usage: ModelUsage): ModelUsage {
  if (!isShortText(usage.model))
    throw new InvalidArgumentError(
      "usage.model",
      "must name the model that was called, in 1 to 128 characters",
    );
  checkTokens(usage);
  checkCost(usage);
  return Object.freeze({ ...usage });
}
