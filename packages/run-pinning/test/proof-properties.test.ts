import fc from "fast-check";
import { describe, it } from "vitest";
import { checkLiveness, createFleet } from "./proof/fleet.ts";
import { happen, happenings, type Kind } from "./proof/fleet-ops.ts";

async function everyFleet(more: Partial<Record<Kind, number>>, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(happenings(more), async (ops) => {
      const fleet = await createFleet();
      try {
        for (const op of ops) await happen(op, fleet);
        await checkLiveness(fleet);
      } finally {
        await fleet.close();
      }
    }),
    { numRuns },
  );
}

describe("a fleet of three processes with stale caches, skewed clocks and lost handles", () => {
  it(
    "never shows a step pieces of two bundles, whatever moves between its steps [I1]",
    () => everyFleet({ step: 12, start: 8, move: 6, migrate: 6 }, 150),
    60_000,
  );
  it(
    "gives a run to one owner at a time, and one of them finishes it [I2]",
    () => everyFleet({ resume: 10, run: 12, start: 6, migrate: 4, extend: 4 }, 150),
    60_000,
  );
  it(
    "starts every run on the route as the last move left it, however old the cache [I4]",
    () => everyFleet({ start: 14, move: 10, aim: 4, route: 6 }, 150),
    60_000,
  );
  it(
    "recycles no bundle under a run that counts [I6]",
    () => everyFleet({ recycle: 12, start: 8, route: 8, move: 8, name: 4, extend: 4 }, 150),
    60_000,
  );
  it(
    "lets time alone free every bundle that lost its place, with every handle lost [I7]",
    () => everyFleet({ start: 10, move: 10, route: 8, extend: 6, migrate: 6 }, 150),
    60_000,
  );
  it(
    "starts no step after the deadline on machines that sleep and whose wall clocks are wrong [I8]",
    () => everyFleet({ step: 14, start: 8, pass: 6, sleep: 8, jump: 4, extend: 6, move: 4 }, 150),
    60_000,
  );
  it(
    "gives no child a later deadline than its parent [I14]",
    () => everyFleet({ start: 20, extend: 6, migrate: 4, pass: 4, move: 4 }, 150),
    60_000,
  );
  it(
    "calls no bundle drained without one of the two proofs [I15]",
    () => everyFleet({ report: 14, recycle: 8, start: 6, move: 8, route: 8, pass: 4 }, 150),
    60_000,
  );
});
