import { type ReadSignals, type ReleaseGate, VerdigrisError } from "@verdigris/contracts";
import { createFaultyStore } from "@verdigris/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Releases } from "../src/index.ts";
import { aSignal, aWorld, hour, minute, type ReleaseWorld, toQuarantine } from "./world.ts";

let world: ReleaseWorld;

beforeEach(async () => {
  world = await aWorld();
});
afterEach(() => world.close());

async function verbs(): Promise<string[]> {
  return (await world.app.exportAudit()).lines.map(({ entry }) => entry.verb);
}

describe("a release of 72 hours", () => {
  it("is driven to its end in seconds of real time, watched all through it [RELEASE-WHOLE]", async () => {
    const releases = world.open({ tickMs: 600_000 });
    releases.drive();
    const plan = {
      rollout: "canary",
      quarantine: { for: "66h", recheck: "2h" },
      approval: { before: ["switched"] },
    } as const;
    await releases.start({ bundle: "green", plan, reason: "better" });
    await world.pass(4 * hour);
    const { evidence } = await releases.status();
    if (evidence === null) throw new Error("no evidence");
    await releases.approve({ evidence, actor: "ben", reason: "read it" });
    await world.pass(68 * hour);
    const { release, route } = await releases.status();
    expect(release?.outcome?.kind).toBe("completed");
    expect(route).toMatchObject({ live: "green", stable: "green", retiring: [] });
    expect(world.signals.asked.length).toBeGreaterThan(300);
    const smoked = world.gates.smoke.asked.filter(({ bundle }) => bundle.id === "blue");
    expect(smoked.length).toBeGreaterThanOrEqual(30);
    expect(new Set(smoked.map(({ attempt }) => attempt)).size).toBe(smoked.length);
  });
});

describe("drivers", () => {
  it("may be any number: one drives, and what it does is done once [I10]", async () => {
    const crew = [1, 2, 3].map(() => world.open({ tickMs: 10_000 }));
    for (const releases of crew) releases.drive();
    const [first] = crew as [Releases];
    await first.start({ bundle: "green", plan: { rollout: "canary-then-blue-green" }, reason: "better" });
    await world.pass(2 * hour);
    expect((await first.status()).release?.phase).toBe("quarantine");
    expect(await verbs()).toEqual(["open", "stage", "setCanary", "flip"]);
    expect(world.gates.evals.asked).toHaveLength(1);
  });

  it("hand over at once when one closes, and within the lease when one dies [I10]", async () => {
    const first = world.open({ tickMs: 10_000 });
    const second = world.open({ tickMs: 10_000 });
    world.gates.evals.next("hang");
    await first.start({ bundle: "green", plan: {}, reason: "better" });
    const driver = first.drive();
    await world.pass(minute);
    expect(world.gates.evals.asked).toHaveLength(1);
    await driver.close();
    second.drive();
    await world.pass(1_000);
    expect(world.gates.evals.asked).toHaveLength(2);
    expect(world.gates.evals.asked[1]?.attempt).toBe(world.gates.evals.asked[0]?.attempt);
    expect((await first.status()).release?.phase).toBe("quarantine");
  });

  it("write nothing once another has the lease, whatever they still have in hand [I10]", async () => {
    const slow = createFaultyStore(world.store);
    let gate: ReturnType<typeof slow.gate> | null = null;
    const stalls: ReadSignals = async (target) => {
      // What it saw is bad; it comes to write that down only after a long pause.
      gate ??= slow.gate({ kind: "get" });
      return [aSignal({ name: "hard-errors", status: "alarm", bundle: target.bundle })];
    };
    const first = world.open({ tickMs: 10_000, store: slow, signals: stalls });
    const second = world.open({ tickMs: 10_000 });
    first.drive();
    await second.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(minute);
    expect(gate).not.toBeNull();
    second.drive();
    await world.pass(minute);
    (gate as ReturnType<typeof slow.gate> | null)?.open();
    await world.pass(1);
    const { release } = await second.status();
    expect(release).toMatchObject({ phase: "quarantine", outcome: null });
    expect(release?.signals["hard-errors"]?.status).toBe("clear");
  });

  it("keep what a gate has answered until it is on record: it is not asked twice for a store that was away [RELEASE-GATES]", async () => {
    let answer = (): void => {};
    const asked: string[] = [];
    const smoke: ReleaseGate = async ({ attempt, keep }) => {
      asked.push(attempt);
      const evidence = await keep({ attempt });
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return { verdict: "pass", summary: "took hours", evidence };
    };
    const releases = world.open({ tickMs: 10_000, gates: { ...world.gates, smoke } });
    releases.drive();
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(minute);
    // Away just when the answer is to be written down, and readable all the while.
    const stop = world.store.onCommit((ops) => {
      if (ops.some(({ key }) => key.includes("/step/")))
        throw new VerdigrisError("store-unavailable", "away");
    });
    answer();
    await world.pass(minute);
    stop();
    await world.pass(minute);
    expect((await releases.status()).release?.phase).toBe("quarantine");
    expect(asked).toHaveLength(1);
  });

  it("make every move under the key of its effect, so that a lost answer is found again [I10]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    releases.drive();
    const { id } = await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(minute);
    const { lines } = await world.app.exportAudit();
    const made = lines.slice(1).map(({ entry }) => entry);
    const issued = (await releases.history(id)).flatMap(({ step }) => step.effects);
    expect(made.map(({ verb }) => verb)).toEqual(["stage", "flip"]);
    for (const { requestId, actor, evidence } of made) {
      expect(issued).toContain(requestId);
      expect(actor).toEqual({ kind: "policy", id: `release:${id}` });
      expect(evidence).toMatch(/^sha256:/);
    }
  });

  it("stop a gate whose answer nobody waits for any more [RELEASE-GATES]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    releases.drive();
    world.gates.evals.next("hang");
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(minute);
    expect(world.gates.evals.asked[0]?.signal.aborted).toBe(false);
    await releases.abort({ reason: "wrong bundle" });
    await world.pass(minute);
    expect(world.gates.evals.asked[0]?.signal.aborted).toBe(true);
    expect((await releases.status()).route).toMatchObject({ live: "blue", candidate: null });
  });

  it("leave a gate they do not have to one that has it, and say what is waited for [I16]", async () => {
    const poor = world.open({ tickMs: 10_000, gates: { smoke: world.gates.smoke } });
    poor.drive();
    await poor.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(minute);
    expect(await poor.status()).toMatchObject({
      release: { phase: "evals", held: null },
      waitingFor: ["the gate evals"],
    });
  });

  it("missed for thirty seconds are reported, and not before one was needed [I16]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    expect((await releases.status()).warnings).toEqual([]);
    const driver = releases.drive();
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(minute);
    expect((await releases.status()).warnings).toEqual([]);
    await driver.close();
    await world.pass(31_000);
    expect((await releases.status()).warnings.join()).toContain("no driver was seen for 30 s");
  });

  it("do not hold for detectors that fail for a moment, however many looks fall into it [RELEASE-GATES]", async () => {
    const releases = world.open({ tickMs: 30_000 });
    await toQuarantine(world, releases);
    world.signals.fail(4);
    await world.pass(3 * 30_000);
    expect((await releases.status()).release).toMatchObject({ held: null, unmeasured: 0 });
    world.signals.fail(1_000);
    await world.pass(4 * 30_000);
    expect((await releases.status()).release?.held).toMatchObject({ because: "unmeasured" });
  });

  it("outlive a store that goes away and comes back [RELEASE-WHOLE]", async () => {
    const errors: unknown[] = [];
    const releases = world.open({ tickMs: 10_000, onError: (error) => errors.push(error) });
    releases.drive();
    await releases.start({ bundle: "green", plan: { rollout: "canary-then-blue-green" }, reason: "better" });
    await world.pass(minute);
    world.store.down();
    await world.pass(10 * minute);
    expect(errors.length).toBeGreaterThan(3);
    world.store.up();
    await world.pass(2 * hour);
    expect((await releases.status()).release?.phase).toBe("quarantine");
  });

  it("ask a gate again that threw, and keep the evidence of the one that answered [RELEASE-GATES]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    releases.drive();
    world.gates.smoke.next("throw", "bare-pass");
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(2 * minute);
    const { release } = await releases.status();
    const attempt = release?.gates.smoke;
    expect(world.gates.smoke.asked).toHaveLength(3);
    expect(attempt).toMatchObject({ verdict: "pass" });
    if (attempt?.evidence == null) throw new Error("no evidence");
    expect(await releases.evidence(attempt.evidence)).toEqual({
      gate: "smoke",
      attempt: attempt.id,
      verdict: "pass",
    });
  });

  it("watch the bundle against blue beside it in a canary, and against its past after the switch [RELEASE-GATES]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    releases.drive();
    await releases.start({ bundle: "green", plan: { rollout: "canary-then-blue-green" }, reason: "better" });
    await world.pass(2 * hour);
    const kinds = [...new Set(world.signals.asked.map(({ baseline }) => baseline.kind))];
    expect(kinds).toEqual(["concurrent", "history"]);
    expect(new Set(world.signals.asked.map(({ since }) => since)).size).toBe(1);
  });

  it("call hooks with the digests of bundle and evidence, each under a key of its own [RELEASE-HOOKS]", async () => {
    const calls: {
      key: string;
      when: string;
      phase: string;
      evidence: string;
      bundle: { digest: string };
    }[] = [];
    const releases = world.open({ tickMs: 10_000, hook: async (call) => void calls.push(call) });
    releases.drive();
    await releases.start({ bundle: "green", plan: { hooks: { around: ["switched"] } }, reason: "better" });
    await world.pass(10 * minute);
    expect(calls.map(({ when, phase }) => `${when} ${phase}`)).toEqual(["before switched", "after switched"]);
    expect(new Set(calls.map(({ key }) => key)).size).toBe(2);
    expect(calls[0]?.evidence).toMatch(/^sha256:/);
    expect(calls[0]?.bundle.digest).toMatch(/^sha256:/);
  });

  it("take a hook that does not answer in its time for a refusal [RELEASE-HOOKS]", async () => {
    const releases = world.open({ tickMs: 10_000, hook: () => new Promise(() => {}) });
    releases.drive();
    await releases.start({
      bundle: "green",
      plan: { hooks: { around: ["evals"], timeout: "20s" } },
      reason: "better",
    });
    await world.pass(10 * minute);
    expect((await releases.status()).release?.outcome?.kind).toBe("halted");
  });

  it("go on although nobody can be told [RELEASE-HOOKS]", async () => {
    const releases = world.open({
      tickMs: 10_000,
      notify: async () => Promise.reject(new Error("chat is down")),
    });
    releases.drive();
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(10 * minute);
    expect((await releases.status()).release).toMatchObject({ phase: "quarantine", outbox: [] });
  });

  it("wait for blue's runs under the strategy drain, and for its bound when they never end [RELEASE-DRAIN]", async () => {
    const releases = world.open({ tickMs: 600_000 });
    releases.drive();
    const started = await world.app.start();
    if (!started.placed) throw new Error("not placed");
    await releases.start({ bundle: "green", plan: { strategy: "drain" }, reason: "better" });
    await world.pass(hour);
    expect(await releases.status()).toMatchObject({
      release: { phase: "draining" },
      waitingFor: ["the last runs on blue"],
    });
    await started.run.finish({ outcome: "completed" });
    await world.pass(hour);
    expect((await releases.status()).release?.phase).toBe("quarantine");
  });
});

describe("a person's hold", () => {
  it("stops a step that a driver is just making: its move loses against the held route [RELEASE-SAFE-DIRECTION]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    const other = world.open({ tickMs: 10_000 });
    releases.drive();
    let held: Promise<unknown> | null = null;
    world.store.onCommit(async (ops) => {
      if (held !== null || !ops.some(({ key }) => key === "agent/route")) return;
      const { release } = await other.status();
      if (release?.phase !== "switched") return;
      held = other.hold({ reason: "wait", actor: "ben" });
      await held;
    });
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(10 * minute);
    expect(held).not.toBeNull();
    const { route, release } = await releases.status();
    expect(route).toMatchObject({ live: "blue", held: { by: { id: "ben" } } });
    expect(release).toMatchObject({ held: { by: { id: "ben" } }, switch: null });
    await other.resume({ reason: "go", actor: "ben" });
    await world.pass(10 * minute);
    expect((await releases.status()).route).toMatchObject({ live: "green", held: null });
  });
});
