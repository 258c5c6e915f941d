import { isVerdigrisError, type ReadSignals } from "@verdigris/contracts";
import { createFaultyStore } from "@verdigris/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Releases } from "../src/index.ts";
import { type aGate, aSignal, aWorld, type ReleaseWorld } from "./world.ts";

let world: ReleaseWorld;

beforeEach(async () => {
  world = await aWorld();
});
afterEach(() => world.close());

const minute = 60_000;
const hour = 60 * minute;

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "resolved",
    (error: unknown) => (isVerdigrisError(error) ? error.code : String(error)),
  );
}

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

describe("the record", () => {
  it("tells everything that happened, chained, and notices a step that was changed [RELEASE-HISTORY]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    releases.drive();
    const { id } = await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(10 * minute);
    const lines = await releases.history(id);
    expect(lines[0]?.step).toMatchObject({
      event: "started",
      actor: { id: "ana" },
      reason: "better",
      previous: null,
    });
    const key = lines[3] === undefined ? "" : `agent/step/${id}/000003`;
    const entry = (await world.store.get([key])).entries[0];
    if (entry == null) throw new Error("no step");
    const forged = JSON.stringify({ ...JSON.parse(entry.value), reason: "forged" });
    await world.store.commit([{ op: "put", key, rev: entry.rev, value: forged }]);
    expect(await codeOf(releases.history(id))).toBe("audit-tampered");
    expect(await codeOf(releases.history("ghost"))).toBe("release-unknown");
  });

  it("keeps evidence of any size up to its limit, once, and notices what was changed [RELEASE-HISTORY]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    const large = { lines: Array.from({ length: 9_000 }, (_, i) => `é"${i}\n`) };
    const digests: string[] = [];
    const keeper = Object.assign(async (context: Parameters<ReturnType<typeof aGate>>[0]) => {
      digests.push(await context.keep(large), await context.keep(large));
      return { verdict: "pass" as const, summary: "large", evidence: digests[0] as `sha256:${string}` };
    }, {});
    const driver = world.open({ tickMs: 10_000, gates: { ...world.gates, smoke: keeper } });
    driver.drive();
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(minute);
    expect(digests[0]).toBe(digests[1]);
    const digest = digests[0] as `sha256:${string}`;
    expect(await releases.evidence(digest)).toEqual(large);
    const key = `agent/evidence/${digest.slice(7)}/001`;
    const entry = (await world.store.get([key])).entries[0];
    if (entry == null) throw new Error("no part");
    await world.store.commit([
      { op: "put", key, rev: entry.rev, value: JSON.stringify({ v: 1, parts: 2, text: "x" }) },
    ]);
    expect(await codeOf(releases.evidence(digest))).toBe("digest-mismatch");
    expect(await releases.evidence(`sha256:${"0".repeat(64)}`)).toBeNull();
  });
});

describe("waitUntil", () => {
  it("resolves at the phase, and rejects when the release ends before it (ecspresso#1063) [RELEASE-WAIT]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    releases.drive();
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    const switched = releases.waitUntil("switched");
    const completed = codeOf(releases.waitUntil("completed"));
    await world.pass(10 * minute);
    expect((await switched).switch).not.toBeNull();
    await releases.rollback({ reason: "bad" });
    await world.pass(minute);
    expect(await completed).toBe("release-refused");
    expect((await releases.waitUntil("rolled-back")).outcome?.kind).toBe("rolled-back");
    expect(await codeOf(releases.waitUntil("switched", { release: "ghost" }))).toBe("release-unknown");
  });

  it("stops when it is told to [RELEASE-WAIT]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    const controller = new AbortController();
    const waiting = releases
      .waitUntil("switched", { signal: controller.signal })
      .catch((error: unknown) => error);
    await world.pass(2_000);
    controller.abort(new Error("enough"));
    await world.pass(2_000);
    expect(await waiting).toEqual(new Error("enough"));
  });
});

describe("authority", () => {
  it("is asked for every verb, and what it refuses is on record [RELEASE-AUTHORITY]", async () => {
    const asked: string[] = [];
    const guarded = world.open({
      authorize: (actor, verb, { bundle }) => {
        asked.push(`${actor.id} ${verb} ${bundle}`);
        return verb === "release-start";
      },
    });
    const { id } = await guarded.start({
      bundle: "green",
      plan: { approval: { before: ["switched"] } },
      reason: "x",
    });
    const evidence = `sha256:${"0".repeat(64)}` as const;
    const refused = [
      guarded.approve({ evidence, reason: "x" }),
      guarded.hold({ reason: "x" }),
      guarded.resume({ reason: "x" }),
      guarded.abort({ reason: "x" }),
      guarded.retry({ reason: "x" }),
      guarded.skip({ gate: "evals", reason: "x" }),
      guarded.rollback({ reason: "x" }),
      guarded.drill({ bundle: "green2", reason: "x" }),
      guarded.deny("green", { reason: "x" }),
      guarded.lift("green", { reason: "x" }),
    ];
    for (const work of refused) expect(await codeOf(work)).toBe("not-authorized");
    expect(asked).toHaveLength(11);
    expect((await guarded.status({ release: id })).release?.seq).toBe(0);
    expect((await world.app.notices()).length).toBeGreaterThan(5);
  });

  it("lets nobody name an actor where the host knows who acts [RELEASE-AUTHORITY]", async () => {
    const known = world.open({ identity: () => ({ kind: "person", id: "from the session" }) });
    expect(await codeOf(known.rollback({ reason: "x", actor: "somebody else" }))).toBe("invalid-argument");
  });
});
