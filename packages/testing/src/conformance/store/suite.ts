import { VerdigrisError } from "@verdigris/contracts";
import { describe, test } from "vitest";
import { capabilityChecks } from "./capabilities.ts";
import { closingChecks } from "./closing.ts";
import { commitChecks } from "./commits.ts";
import { concurrencyChecks } from "./concurrency.ts";
import type { StoreCheck, StoreConformanceOptions, StoreUnderTest } from "./context.ts";
import { limitChecks } from "./limits.ts";
import { listingChecks } from "./listing.ts";
import { modelChecks } from "./model.ts";
import { readChecks } from "./reads.ts";
import { revisionChecks } from "./revisions.ts";
import { timeChecks } from "./time.ts";
import { watchingChecks } from "./watching.ts";

/** A part of the port and its checks. */
export interface StoreTopic {
  readonly name: string;
  readonly checks: readonly StoreCheck[];
}

/** Everything the suite checks, by topic. */
export const storeTopics: readonly StoreTopic[] = [
  { name: "capabilities", checks: capabilityChecks },
  { name: "reads", checks: readChecks },
  { name: "commits", checks: commitChecks },
  { name: "revisions", checks: revisionChecks },
  { name: "listing", checks: listingChecks },
  { name: "watching", checks: watchingChecks },
  { name: "limits", checks: limitChecks },
  { name: "time", checks: timeChecks },
  { name: "closing", checks: closingChecks },
  { name: "concurrency", checks: concurrencyChecks },
  { name: "beside the memory store", checks: modelChecks },
];

let runs = 0;

function missing(what: "peer" | "reopen", capability: string): VerdigrisError {
  return new VerdigrisError(
    "store-lacks-capability",
    `the store declares ${capability} but the test was given no ${what}: return one from create`,
    { capability },
  );
}

/**
 * Runs one check on a fresh store under a fresh prefix and disposes of the store afterwards. Rejects with what the check
 * throws. Needs vitest's `expect`, not its runner.
 */
export async function runStoreCheck(check: StoreCheck, options: StoreConformanceOptions): Promise<void> {
  runs += 1;
  const subject = await options.create();
  const made: StoreUnderTest[] = [subject];
  try {
    await check.run({
      subject,
      store: subject.store,
      prefix: `check-${runs}-${crypto.randomUUID().slice(0, 8)}/`,
      options,
      peer: async () => {
        if (subject.peer === undefined) throw missing("peer", "crossProcess");
        return subject.peer();
      },
      reopen: async () => {
        if (subject.reopen === undefined) throw missing("reopen", "durableAck");
        return subject.reopen();
      },
      another: async () => {
        const other = await options.create();
        made.push(other);
        return other;
      },
    });
  } finally {
    for (const each of made) await each.dispose();
  }
}

/**
 * Registers the conformance suite of the store port as vitest tests: every promise of `Store`, on both sides of every
 * declared capability. A store that passes may be used wherever one with these capabilities is asked for.
 */
export function describeStoreConformance(options: StoreConformanceOptions): void {
  describe(`${options.name} keeps the promises of the store port`, () => {
    for (const topic of storeTopics) {
      describe(topic.name, () => {
        for (const check of topic.checks) {
          if (check.applies?.(options.capabilities) === false) continue;
          test(check.name, () => runStoreCheck(check, options));
        }
      });
    }
  });
}
