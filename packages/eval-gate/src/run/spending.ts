import type { ModelUsage } from "@verdigris/contracts";

/** Adds up what model calls cost. */
export interface Spending {
  add(used: ModelUsage): void;
  /** The sum; null when no call was recorded or one had no known cost: a part of a sum would read as the sum. */
  total(): number | null;
}

export function createSpending(): Spending {
  let sum = 0;
  let known = false;
  let unknown = false;
  return {
    add: (used) => {
      const cost: unknown = used?.cost;
      if (typeof cost === "number" && Number.isFinite(cost) && cost >= 0) {
        known = true;
        sum += cost;
      } else unknown = true;
    },
    total: () => (known && !unknown ? sum : null),
  };
}
