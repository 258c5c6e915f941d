import { readFileSync } from "node:fs";
import type { SignalTarget } from "@verdigris/contracts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type aGate, aSignal, aWorld, codeOf, minute, type ReleaseWorld } from "./world.ts";

let world: ReleaseWorld;

beforeEach(async () => {
  world = await aWorld();
});
afterEach(() => world.close());

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

describe("formats", () => {
  const fixture = JSON.parse(readFileSync(new URL("./fixtures/release-v1.json", import.meta.url), "utf8"));

  async function put(key: string, value: object): Promise<void> {
    const rev = (await world.store.get([key])).entries[0]?.rev ?? 0;
    await world.store.commit([{ op: "put", key, rev, value: JSON.stringify(value) }]);
  }

  it("are read as an earlier release wrote them, and fields it does not know survive [FORMAT-UNKNOWN-FIELDS]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    await put("agent/release/r1", { ...fixture, later: "kept" });
    await put("agent/releasing", { v: 1, release: "r1" });
    const { release } = await releases.status();
    expect(release).toMatchObject({ id: "r1", phase: "evals", bundle: { id: "green" }, round: 1 });
    await releases.hold({ reason: "looking" });
    const { entries } = await world.store.get(["agent/release/r1"]);
    expect(JSON.parse(entries[0]?.value ?? "")).toMatchObject({ later: "kept", held: { why: "looking" } });
  });

  it("of a later major are refused by every verb but a rollback [FORMAT-TOO-NEW]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    await put("agent/release/r1", { ...fixture, v: 2 });
    await put("agent/releasing", { v: 1, release: "r1" });
    expect(await codeOf(releases.status())).toBe("record-too-new");
    expect(await codeOf(releases.hold({ reason: "x" }))).toBe("record-too-new");
    expect(await codeOf(releases.start({ bundle: "green2", plan: {}, reason: "x" }))).toBe("record-too-new");
    const { generation } = await world.app.status();
    await world.app.flip({ to: "green", expect: generation, reason: "by hand" });
    expect(await releases.rollback({ reason: "bad" })).toMatchObject({ outcome: "rolled-back", to: "blue" });
  });
});

describe("a verb", () => {
  it("whose reply was lost has happened once, and is not refused for it [I11]", async () => {
    const releases = world.open({ tickMs: 10_000 });
    const { id } = await releases.start({ bundle: "green", plan: {}, reason: "better" });
    world.store.loseReply("done");
    const { skipped } = await releases.skip({ gate: "shadow", reason: "no traffic" });
    expect(skipped).toHaveLength(1);
    expect((await releases.history(id)).map(({ step }) => step.event)).toEqual(["started", "skip"]);
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

describe("the history", () => {
  it("has every verb in it, by whom and why (argo-cd#2180) [RELEASE-HISTORY]", async () => {
    const releases = world.open({ tickMs: 600_000, gates: {} });
    const plan = { approval: { before: ["switched"] } } as const;
    const { id } = await releases.start({ bundle: "green", plan, reason: "start", actor: "ana" });
    const { evidence } = await releases.status();
    if (evidence === null) throw new Error("no evidence");
    await releases.approve({ evidence, reason: "approve", actor: "ben" });
    await releases.hold({ reason: "hold", actor: "cem" });
    await releases.resume({ reason: "resume", actor: "dora" });
    await releases.skip({ gate: "shadow", reason: "skip", actor: "eva" });
    await releases.abort({ reason: "abort", actor: "finn" });
    releases.drive();
    await world.pass(minute);
    await releases.retry({ release: id, reason: "retry", actor: "gil" });
    const said = (await releases.history(id))
      .filter(({ step }) => step.actor.kind === "person")
      .map(({ step }) => `${step.event} ${step.actor.id} ${step.reason}`);
    expect(said).toEqual([
      "started ana start",
      "approve ben approve",
      "hold cem hold",
      "resume dora resume",
      "skip eva skip",
      "abort finn abort",
      "retry gil retry",
    ]);
  });
});

describe("explain", () => {
  it("forecasts with the host's rate of runs and what its detectors need of the live bundle [RELEASE-EXPLAIN]", async () => {
    const signals = async (target: SignalTarget) => {
      expect(target).toMatchObject({ bundle: "blue", baseline: { kind: "floor" } });
      return [aSignal({ name: "hard-errors", bundle: "blue", needed: 60 })];
    };
    const releases = world.open({ signals, runsPerHour: async () => 120 });
    const plan = { rollout: "canary", signals: { "hard-errors": "rollback" } } as const;
    const { phases, ok } = await releases.explain(plan);
    expect(ok).toBe(true);
    // 60 runs at 5 % of 120 an hour.
    expect(phases[0]).toMatchObject({ percent: 5, concludes: true, atLeastMs: 600 * minute });
    expect((await world.open().explain(plan)).phases[0]?.concludes).toBeNull();
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
