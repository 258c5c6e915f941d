import { describe, expect, it } from "vitest";
import { explore } from "./proof/explorer.ts";
import { scenarios, withoutSealFence, withoutStartFence } from "./proof/scenarios.ts";

type Name = keyof typeof scenarios;

/** What each scenario proves, and how many states it has at least: fewer would mean that it no longer interleaves. */
const promises: Readonly<Record<Name, readonly [ids: string, states: number]>> = {
  "two starts with stale caches race a flip": ["I4", 120],
  "starts race a flip and a flip back to the retired bundle": ["I4", 7_000],
  "a child and its parent's finish race a recycle": ["I6", 130],
  "a child and its parent's finish race a recycle that reads lists one entry at a time": ["I14", 130],
  "a start by name races drop, seal and recycle": ["I6", 70],
  "two processes resume one token while the first owner finishes": ["I2", 170],
  "a migration races a resume and a recycle": ["RUN-OWNERSHIP", 300],
  "one job is delivered twice while the route flips": ["RUN-CLAIM", 190],
  "an extension races the deadline and a recycle": ["I6", 100],
  "a run that waited for its place is taken up while its time runs out and its bundle is recycled": [
    "RUN-PLACEMENT",
    400,
  ],
  "a child by token races two extensions of its parent": ["I14", 15],
  "two recyclers race a child and its parent's finish": ["I6", 400],
};

describe("every interleaving of store calls", () => {
  for (const [name, [id, atLeast]] of Object.entries(promises)) {
    it(`${name}: no schedule breaks a promise, ${atLeast} states or more [${id}]`, async () => {
      const found = await explore(scenarios[name as Name]);

      expect(found.violation).toBeNull();
      expect(found.states).toBeGreaterThanOrEqual(atLeast);
      expect(found.ends).toBeGreaterThan(1);
    }, 120_000);
  }
});

describe("a protocol broken on purpose is found out", () => {
  it("starts that do not check the route put a run on the old bundle after the flip [I4]", async () => {
    const scenario = scenarios["two starts with stale caches race a flip"];
    const { violation } = await explore({ ...scenario, sabotage: withoutStartFence });
    expect(violation?.message).toMatch(/^I4: /);
    expect(violation?.trace.length).toBeGreaterThan(0);
  });

  it("a seal that starts do not notice lets a child in behind the count [I6]", async () => {
    const scenario = scenarios["a child and its parent's finish race a recycle"];
    const { violation } = await explore({
      ...scenario,
      sabotage: (ops, route) =>
        withoutSealFence(ops, route).filter((op) => op.op !== "check" || !op.key.startsWith("agent/pin/")),
    });
    expect(violation?.message).toMatch(/^I6: .* which is sealed/);
    // A finished parent has no pin left to check, so that check alone would keep its child out.
    expect((await explore({ ...scenario, sabotage: withoutSealFence })).violation).toBeNull();
  });

  it("an extension that does not check the route revives a run on a recycled bundle [I6]", async () => {
    const scenario = scenarios["an extension races the deadline and a recycle"];
    const { violation } = await explore({ ...scenario, sabotage: withoutStartFence });
    expect(violation?.message).toMatch(/^I6: /);
  });

  it("a claim that is not created with the pin gives one job two runs [RUN-CLAIM]", async () => {
    const scenario = scenarios["one job is delivered twice while the route flips"];
    const { violation } = await explore({
      ...scenario,
      sabotage: (ops) => ops.filter((op) => !(op.op === "put" && op.key.startsWith("agent/claim/"))),
    });
    expect(violation?.message).toMatch(/^RUN-CLAIM: /);
  });
});
