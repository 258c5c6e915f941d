import type { JsonValue } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { createWorld, say } from "./world.ts";

describe("what the user gets", () => {
  it("is blue's answer, before anything else happens [SHADOW-UNSEEN]", async () => {
    const order: string[] = [];
    const { shadow, settle } = createWorld(
      () => {
        order.push("blue");
        return "from blue";
      },
      () => {
        order.push("green");
        return "from green";
      },
    );
    expect(await shadow.run("question")).toBe("from blue");
    expect(order).toEqual(["blue"]);
    await settle();
    expect(order.filter((who) => who === "green")).toHaveLength(1);
    expect(shadow.status()).toMatchObject({ seen: 1, sampled: 1, compared: 1, dropped: {} });
  });

  it("is blue's own error, and nothing of the mirror's [SHADOW-UNSEEN]", async () => {
    const failure = new Error("blue broke");
    const { shadow, settle } = createWorld(() => {
      throw failure;
    }, say("fine"));
    await expect(shadow.run("question")).rejects.toBe(failure);
    await settle();
    expect(shadow.evidence().divergence.failures).toEqual({ blue: 1, green: 0 });
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("green broke");
      },
    ],
    ["rejects", () => Promise.reject(new Error("green broke"))],
    ["hangs", () => new Promise<JsonValue>(() => {})],
    ["answers with what is no JSON", () => (() => 1) as never],
  ] as const)("is the same when green %s, and that is counted [SHADOW-UNSEEN]", async (_, green) => {
    const { shadow, settle, clock } = createWorld(say("blue"), green, { maxRunMs: 1_000 });
    expect(await shadow.run("question")).toBe("blue");
    await settle();
    await clock.advance(1_000);
    expect(shadow.evidence().divergence).toMatchObject({ compared: 1, failures: { blue: 0, green: 1 } });
  });

  it("is the same whatever the hooks throw [SHADOW-UNSEEN]", async () => {
    const broken = () => {
      throw new Error("a hook broke");
    };
    for (const options of [
      { random: broken },
      { mirror: broken },
      { sliceOf: broken },
      { answerOf: broken },
      { redactCall: broken },
      { newId: broken },
      { queue: { send: broken } },
      { queue: { send: () => Promise.reject(new Error("no queue")) } },
      { pressure: broken },
      { examples: { redact: broken } },
      { refusal: broken, tools: { search: "refused" } as const },
    ]) {
      const { shadow, settle } = createWorld(
        async (_, session) => String(await session.tool("search", async () => "found")()),
        async (_, session) => String(await session.tool("search", async () => "found")()),
        options,
      );
      expect(await shadow.run("question")).toBe("found");
      await settle();
      await shadow.close();
      expect(shadow.status().sampled + (shadow.status().dropped["kept-out"] ?? 0)).toBe(1);
    }
  });

  it("is compared alike in the light and in the shadow, whatever it holds that JSON knows nothing of", async () => {
    const answers: readonly [unknown, boolean][] = [
      [{ text: "a", error: undefined }, true],
      [{ at: new Date(0) }, true],
      [{ toJSON: () => ({ text: "a" }) }, true],
      [{ usage: Number.NaN }, false],
      [{ rows: new Map([[1, 2]]) }, false],
      [new Map(), false],
      [undefined, false],
    ];
    for (const [answer, readable] of answers) {
      const agent = () => answer as JsonValue;
      const { shadow, settle } = createWorld(agent, agent, { baseline: { green: true } });
      expect(await shadow.run("q")).toBe(answer);
      await settle();
      const { failures, views } = shadow.evidence().divergence;
      expect(failures).toEqual({ blue: Number(!readable), green: Number(!readable) });
      expect(views.failure).toMatchObject({ between: 0, noise: 0, pairs: 1 });
      expect(views.answer?.n ?? 0).toBe(Number(readable));
    }
  });

  it("is the same for an input that is no JSON, which is not mirrored", async () => {
    const { shadow, settle } = createWorld((input) => String(typeof input), say("green"));
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const holes = new Array(50_001);
    for (const input of [cycle, undefined, () => 1, "\ud800", new Map(), { at: [new Set()] }, holes])
      expect(await shadow.run(input as never)).toBe(typeof input);
    await settle();
    expect(shadow.status()).toMatchObject({ compared: 0, dropped: { unreadable: 7 } });
  });

  it("cannot be changed by what a shadow run does to its input, nor the other way round", async () => {
    const inputs: JsonValue[] = [];
    const tamper = (input: JsonValue): JsonValue => {
      inputs.push(structuredClone(input));
      (input as { words: string[] }).words.push("tampered");
      return "same";
    };
    const { shadow, settle } = createWorld(tamper, tamper);
    const mine = { words: ["mine"] };
    await shadow.run(mine);
    mine.words.push("later");
    await settle();
    expect(inputs).toEqual([{ words: ["mine"] }, { words: ["mine"] }, { words: ["mine"] }]);
    expect(mine.words).toEqual(["mine", "tampered", "later"]);
  });

  it("gets its tools untouched where it is not sampled", async () => {
    const { shadow } = createWorld(say("blue"), say("green"), { sample: 0 });
    const fn = async () => 1;
    const { session } = shadow.watch("question");
    expect(session.tool("x", fn)).toBe(fn);
    expect(session.mode).toBe("live");
    expect(session.signal.aborted).toBe(false);
  });

  it("a host that runs blue itself says how it ended, once", async () => {
    const { shadow, settle } = createWorld(say("unused"), say("the answer"));
    const watched = shadow.watch("question", { key: "ada" });
    watched.session.usage({ model: "m", inputTokens: 10, outputTokens: 5, cost: 0.5 });
    watched.answered("the answer");
    watched.failed();
    watched.answered("again");
    await settle();
    expect(shadow.evidence().divergence).toMatchObject({
      compared: 1,
      failures: { blue: 0, green: 0 },
      tokens: { blue: 15 },
    });
  });
});

describe("which runs are mirrored", () => {
  it("a share of them", async () => {
    let draw = 0;
    const draws = [0.05, 0.1, 0.99, 0.0999, 0.5];
    const { shadow } = createWorld(say("b"), say("g"), { sample: 0.1, random: () => draws[draw++] ?? 1 });
    for (let n = 0; n < 5; n += 1) shadow.watch("q");
    expect(shadow.status()).toMatchObject({ seen: 5, sampled: 2 });
  });

  it("none that is kept out, and none where it cannot be asked", async () => {
    const asked: unknown[] = [];
    const { shadow } = createWorld(say("b"), say("g"), {
      mirror: (run) => {
        asked.push(run);
        if (run.key === "eve") throw new Error("cannot tell");
        return run.labels?.consent === "yes";
      },
    });
    await shadow.run("q", { key: "ada", labels: { consent: "yes" } });
    await shadow.run("q", { key: "bob", labels: { consent: "no" } });
    await shadow.run("q", { key: "eve" });
    expect(asked).toHaveLength(3);
    expect(shadow.status()).toMatchObject({ seen: 3, sampled: 1, dropped: { "kept-out": 2 } });
  });

  it("none on anything but a plain yes: a promise of an answer is none", async () => {
    for (const mirror of [async () => false, async () => true, () => "no", () => 1, () => undefined]) {
      const { shadow, settle } = createWorld(say("b"), say("g"), { mirror: mirror as never });
      await shadow.run("q");
      await settle();
      expect(shadow.status()).toMatchObject({ sampled: 0, dropped: { "kept-out": 1 } });
    }
  });

  it("none after it was closed, and what waited is dropped", async () => {
    const { shadow, settle } = createWorld(say("b"), say("g"));
    await shadow.run("q");
    await shadow.close();
    await settle();
    expect(await shadow.run("q")).toBe("b");
    await settle();
    expect(shadow.status()).toMatchObject({ compared: 0, sampled: 1, dropped: { closed: 1 } });
  });
});

it("a shadow run knows what it is, and how it is to be started", async () => {
  const starts: unknown[] = [];
  const note = (
    _: JsonValue,
    { mode, bundle, start }: { mode: string; bundle: string; start: unknown },
  ): JsonValue => {
    starts.push({ mode, bundle, start });
    return "x";
  };
  const { shadow, settle } = createWorld(note, note);
  await shadow.run("q", { key: "ada", labels: { tenant: "t1" } });
  await settle();
  const start = { class: "shadow", key: "ada", labels: { tenant: "t1" } };
  expect(starts).toEqual([
    { mode: "live", bundle: "blue", start: null },
    { mode: "shadow", bundle: "green", start: { bundle: "green", ...start } },
    { mode: "shadow", bundle: "blue", start: { bundle: "blue", ...start } },
  ]);
});

it("refuses options that make no sense, by name", () => {
  const bad: readonly [string, object][] = [
    ["sample", { sample: 1.01 }],
    ["sample", { sample: -0.1 }],
    ["sample", { sample: Number.NaN }],
    ["maxInFlight", { maxInFlight: 0 }],
    ["maxQueued", { maxQueued: 0 }],
    ["maxRunMs", { maxRunMs: 0 }],
    ["jobMs", { jobMs: 0 }],
    ["baseline.share", { baseline: { share: 2 } }],
    ["baseline.first", { baseline: { first: 1.5 } }],
    ["rule.margin", { rule: { margin: 0 } }],
    ["rule.passMargin", { rule: { passMargin: 1 } }],
    ["rule.passMargin", { rule: { margin: 0.1, passMargin: 0.09 } }],
    ["rule.alpha", { rule: { alpha: 1 } }],
    ["rule.minPairs", { rule: { minPairs: 0 } }],
    ["budget.cost", { budget: { cost: -1 } }],
    ["budget.tokens", { budget: { tokens: Number.NaN } }],
    ["tools.search", { tools: { search: "allow" } }],
    ["comparators", { comparators: [] }],
    ["comparators", { comparators: [{ name: "a", judged: false, distance: () => 0 }] }],
    [
      "comparators",
      {
        comparators: [
          { name: "a", distance: () => 0 },
          { name: "a", distance: () => 0 },
        ],
      },
    ],
    ["comparators", { comparators: [{ name: "", distance: () => 0 }] }],
    ["examples.perView", { examples: { perView: 0 } }],
    ["green.bundle", { green: { bundle: "blue", run: say("x") } }],
    ["green.run", { green: { bundle: "green" } }],
    ["agent", { agent: "no agent" }],
  ];
  for (const [argument, options] of bad) {
    expect(() => createWorld(say("b"), say("g"), options as never), argument).toThrowError(
      expect.objectContaining({ code: "invalid-argument", details: expect.objectContaining({ argument }) }),
    );
  }
});
