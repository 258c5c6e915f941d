import type { GateAnswer, JsonValue } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { answerDistance, type Comparator } from "../src/index.ts";
import { createWorld, type Run, say, viewOf } from "./world.ts";

describe("a whole mirror", () => {
  it("runs blue again on the first inputs and on a share of the others", async () => {
    let draw = 0;
    const { shadow, settle } = createWorld(say("a"), say("a"), {
      baseline: { first: 3, share: 0.5 },
      random: () => [0, 0.4, 0, 0.6, 0][draw++ % 5] ?? 0,
      sample: 1,
    });
    for (let n = 0; n < 3; n += 1) await shadow.run(n);
    await settle();
    expect(viewOf({ shadow } as never, "answer")).toMatchObject({ n: 3, pairs: 3 });
    for (let n = 0; n < 4; n += 1) await shadow.run(n);
    await settle();
    const { n, pairs } = viewOf({ shadow } as never, "answer");
    expect(n).toBe(7);
    expect(pairs).toBeGreaterThan(3);
    expect(pairs).toBeLessThan(7);
  });

  it("names the step at which runs part, and how true the comparison is [SHADOW-FIDELITY]", async () => {
    const agent =
      (second: string): Run =>
      async (_, session) => {
        const search = session.tool("search", async ({ q }: { q: string }) => `found ${q}`);
        const read = session.tool("read", async ({ page }: { page: string }) => `page ${page}`);
        await search({ q: "one" });
        await read({ page: second });
        return "done";
      };
    const world = createWorld(agent("blue"), agent("green"), { baseline: { first: 0, share: 0 } });
    await world.shadow.run("q");
    await world.settle();
    const { divergence } = world.shadow.evidence();
    expect(divergence.parted).toEqual({ never: 0, first: 0, later: 1 });
    expect(divergence.fidelity).toEqual({
      blue: { ran: 0, recorded: 0, refused: 0 },
      green: { ran: 0, recorded: 1, refused: 1 },
    });
    expect(viewOf(world, "first-call").between).toBe(0);
    expect(viewOf(world, "tools").between).toBe(0);
    expect(viewOf(world, "answer").between).toBe(0);
  });

  it("counts a comparator that throws, or answers what is no distance, and goes on", async () => {
    const broken: Comparator[] = [
      {
        name: "throws",
        judged: false,
        distance: () => {
          throw new Error("no");
        },
      },
      { name: "rejects", judged: false, distance: () => Promise.reject(new Error("no")) },
      { name: "two", judged: false, distance: () => 2 },
      { name: "nan", judged: false, distance: () => Number.NaN },
      { name: "hangs", judged: false, distance: () => new Promise<number>(() => {}) },
    ];
    const world = createWorld(say("a"), say("a"), {
      comparators: [...broken, answerDistance],
      maxRunMs: 1_000,
    });
    await world.shadow.run("q");
    await world.clock.advance(2_000);
    for (const { name } of broken)
      expect(viewOf(world, name)).toMatchObject({ n: 0, errors: 1, verdict: "error" });
    expect(viewOf(world, "answer")).toMatchObject({ n: 1, errors: 0 });
  });

  it("answers as a gate does, under a digest that covers all of it", async () => {
    const world = createWorld(say("a"), say("b"), { rule: { minPairs: 10 } });
    for (let n = 0; n < 30; n += 1) await world.shadow.run(n);
    await world.settle();
    const gate = world.shadow.gate();
    expect(gate).toMatchObject({ verdict: "fail", evidence: world.shadow.evidence().digest });
    expect(gate.summary).toContain("green against blue on 30 mirrored inputs");
    await world.shadow.run("more");
    await world.settle();
    expect(world.shadow.evidence().digest).not.toBe(gate.evidence);
  });
});

describe("as the gate of a release", () => {
  function asking(world: ReturnType<typeof createWorld>, meanwhile: () => Promise<unknown> = async () => {}) {
    const stop = new AbortController();
    const kept: JsonValue[] = [];
    const asked = world.shadow.releaseGate({
      agent: "docs",
      release: "r1",
      gate: "shadow",
      bundle: { id: "green", digest: "sha256:0" },
      baseline: null,
      attempt: "1",
      signal: stop.signal,
      keep: async (evidence) => {
        kept.push(evidence);
        await meanwhile();
        return "sha256:kept";
      },
    });
    let answer: GateAnswer | null = null;
    void asked.then((given) => {
      answer = given;
    });
    return { stop, kept, answered: () => answer };
  }

  it("it waits until there is a verdict, and keeps what that stands on [SHADOW-VERDICT]", async () => {
    const world = createWorld(say("a"), say("b"), { rule: { minPairs: 10 } });
    const { kept, answered } = asking(world);
    await world.clock.advance(60_000);
    expect(answered()).toBeNull();
    for (let n = 0; n < 30; n += 1) await world.shadow.run(n);
    await world.clock.advance(1_001);
    expect(answered()).toMatchObject({ verdict: "fail", evidence: "sha256:kept" });
    expect(kept).toEqual([
      expect.objectContaining({ kind: "shadow-evidence", blue: "blue", green: "green" }),
    ]);
  });

  it("it says what the evidence says that it keeps, whatever is compared while that is written [SHADOW-VERDICT]", async () => {
    const world = createWorld(say("a"), say("b"), { rule: { minPairs: 10 } });
    for (let n = 0; n < 30; n += 1) await world.shadow.run(n);
    await world.settle();
    const { kept, answered } = asking(world, async () => {
      await world.shadow.run("late");
      await world.settle();
    });
    await world.clock.advance(1_001);
    await world.settle();
    expect(world.shadow.status().compared).toBe(31);
    expect(kept).toEqual([
      expect.objectContaining({ divergence: expect.objectContaining({ compared: 30 }) }),
    ]);
    expect(answered()).toMatchObject({ summary: expect.stringContaining("on 30 mirrored inputs") });
  });

  it("it says that it cannot tell where there will be no verdict, and when nobody waits any more", async () => {
    const poor = createWorld(say("a"), say("b"), { budget: { tokens: 0 } });
    const spent = asking(poor);
    await poor.clock.advance(0);
    expect(spent.answered()).toMatchObject({ verdict: "inconclusive" });
    const world = createWorld(say("a"), say("b"));
    const given = asking(world);
    const closing = asking(world);
    await world.clock.advance(5_000);
    given.stop.abort();
    await world.clock.advance(0);
    expect(given.answered()).toMatchObject({ verdict: "inconclusive" });
    expect(closing.answered()).toBeNull();
    await world.shadow.close();
    await world.clock.advance(1_001);
    expect(closing.answered()).toMatchObject({ verdict: "inconclusive" });
  });
});
