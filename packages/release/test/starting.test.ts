import { aBundle } from "@verdigris/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Releases } from "../src/index.ts";
import { aWorld, codeOf, hour, type ReleaseWorld, toQuarantine } from "./world.ts";

let world: ReleaseWorld;
let releases: Releases;

beforeEach(async () => {
  world = await aWorld();
  releases = world.open({ tickMs: 600_000 });
});
afterEach(() => world.close());

describe("a start", () => {
  it("is made once, however often it is asked for under its id [RELEASE-START]", async () => {
    const first = await releases.start({ id: "job-7", bundle: "green", plan: {}, reason: "better" });
    const again = await releases.start({ id: "job-7", bundle: "green", plan: {}, reason: "better" });
    expect(again).toEqual(first);
    expect(await codeOf(releases.start({ id: "job-7", bundle: "green2", plan: {}, reason: "x" }))).toBe(
      "release-in-progress",
    );
    expect(await releases.list()).toHaveLength(1);
  });

  it("lands although the reply to its commit was lost [RELEASE-START]", async () => {
    world.store.loseReply("done");
    const { id } = await releases.start({ bundle: "green", plan: {}, reason: "better" });
    expect((await releases.list()).map((r) => r.id)).toEqual([id]);
  });

  it("is refused for a bundle nobody registered, and for one that is live [RELEASE-START]", async () => {
    expect(await codeOf(releases.start({ bundle: "ghost", plan: {}, reason: "x" }))).toBe("bundle-unknown");
    expect(await codeOf(releases.start({ bundle: "blue", plan: {}, reason: "x" }))).toBe(
      "release-in-progress",
    );
  });

  it("needs a reason, and the name of somebody who may [RELEASE-START]", async () => {
    expect(await codeOf(releases.start({ bundle: "green", plan: {}, reason: " " }))).toBe("invalid-argument");
    const guarded = world.open({ authorize: (_, verb) => verb !== "release-start" });
    expect(await codeOf(guarded.start({ bundle: "green", plan: {}, reason: "x" }))).toBe("not-authorized");
  });

  it("during an unfinished release is refused, unless it supersedes it (argo-rollouts#1690) [RELEASE-TAKE-OVER]", async () => {
    releases.drive();
    world.gates.evals.next("hang");
    const { id } = await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(hour);
    expect(await codeOf(releases.start({ bundle: "green2", plan: {}, reason: "x" }))).toBe(
      "release-in-progress",
    );
    await releases.start({ bundle: "green2", plan: {}, reason: "hotfix", supersede: true });
    await world.pass(hour);
    expect((await releases.status({ release: id })).release?.outcome?.kind).toBe("superseded");
    expect((await releases.status()).route).toMatchObject({ live: "green2", stable: "blue" });
  });

  it("during the quarantine of a clear release hands over: the bundle before is settled [RELEASE-TAKE-OVER]", async () => {
    await toQuarantine(world, releases);
    const before = (await releases.status()).release?.id ?? "";
    await releases.start({ bundle: "green2", plan: {}, reason: "next" });
    expect((await releases.status({ release: before })).release?.outcome?.kind).toBe("handed-over");
    await world.pass(hour);
    expect((await releases.status()).route).toMatchObject({ live: "green2", stable: "green" });
  });

  it("while signals are still watching wants a reason; while one alarms it is refused [RELEASE-TAKE-OVER]", async () => {
    await toQuarantine(world, releases);
    world.signals.say({ "hard-errors": "watching" });
    await world.pass(hour);
    expect(await codeOf(releases.start({ bundle: "green2", plan: {}, reason: "x" }))).toBe(
      "release-in-progress",
    );
    world.signals.say({ "hard-errors": "clear", "latency-regression": "alarm" });
    await world.pass(hour);
    const alarmed = releases.start({ bundle: "green2", plan: {}, reason: "x", handOver: "in a hurry" });
    expect(await codeOf(alarmed)).toBe("release-in-progress");
    await releases.resume({ reason: "seen" });
    await world.pass(hour);
    expect((await releases.status()).release?.held).toBeNull();
    const known = releases.start({ bundle: "green2", plan: {}, reason: "x", handOver: "in a hurry" });
    expect(await codeOf(known)).toBe("release-in-progress");
    world.signals.say({ "hard-errors": "watching", "latency-regression": "clear" });
    await world.pass(hour);
    const { reason } = await releases.start({
      bundle: "green2",
      plan: {},
      reason: "fix",
      handOver: "too few runs at night",
    });
    expect(reason).toContain("too few runs at night");
  });

  it("of a bundle that was rolled back is refused until somebody lifts it (argo-cd#9570) [RELEASE-DENIED]", async () => {
    await toQuarantine(world, releases);
    await releases.rollback({ reason: "users complain" });
    expect(await releases.isDenied("green")).toBe(true);
    expect(await codeOf(releases.start({ bundle: "green", plan: {}, reason: "again" }))).toBe(
      "bundle-denied",
    );
    expect((await releases.denied()).map(({ bundle, why }) => [bundle.id, why])).toEqual([
      ["green", "users complain"],
    ]);
    expect(await releases.lift("green", { reason: "it was the network" })).toBe(true);
    expect((await world.app.notices()).map(({ notice }) => notice)).toMatchObject([
      { kind: "lifted", actor: { id: "ana" }, bundle: "green", denied: { why: "users complain" } },
    ]);
    await releases.start({ bundle: "green", plan: {}, reason: "again" });
  });

  it("may be denied by hand before anything ran (GCD: abandon) [RELEASE-DENIED]", async () => {
    await releases.deny("green2", { reason: "licence" });
    expect(await codeOf(releases.start({ bundle: "green2", plan: {}, reason: "x" }))).toBe("bundle-denied");
    expect(await releases.lift("green3", { reason: "x" })).toBe(false);
  });

  it("asks for a good drill where the plan does [RELEASE-DRILL]", async () => {
    const plan = { drillWithin: "14d" } as const;
    expect(await codeOf(releases.start({ bundle: "green", plan, reason: "x" }))).toBe("drill-required");
    expect((await releases.drill({ bundle: "green2", percent: 1, reason: "practice" })).ok).toBe(true);
    await releases.start({ bundle: "green", plan, reason: "x" });
    await releases.abort({ reason: "enough" });
    await world.pass(15 * 24 * hour);
    expect(await codeOf(releases.start({ bundle: "green3", plan, reason: "x" }))).toBe("drill-required");
  });

  it("is refused at the cap of bundles that cannot be recycled, with a warning long before (TWC#270) [RELEASE-CAP]", async () => {
    const flip = async (id: string): Promise<void> => {
      await world.app.register(aBundle(id));
      const expect_ = (await world.app.status()).generation;
      await world.app.flip({ to: id, expect: expect_, supersede: true, reason: "by hand" });
    };
    for (let i = 0; i < 39; i++) await flip(`old${i}`);
    expect((await releases.status()).warnings.join()).toContain("cannot be recycled");
    for (let i = 39; i < 77; i++) await flip(`old${i}`);
    await world.app.rollback();
    expect(await codeOf(releases.start({ bundle: "green", plan: {}, reason: "x" }))).toBe("too-many-bundles");
  });

  it("takes the rollout that the difference asks for where the plan says advised [RELEASE-START]", async () => {
    const { plan, advice } = await releases.start({
      bundle: "green",
      plan: { rollout: "advised" },
      reason: "x",
    });
    expect(plan.rollout).toBe("canary-then-blue-green");
    expect(advice).toContain("canary-then-blue-green");
  });

  it("of an emergency is a person's, and frees a frozen route (argo-rollouts#1416) [RELEASE-TAKE-OVER]", async () => {
    await toQuarantine(world, releases, { plan: { rollbackSafe: false } });
    world.signals.say({ "hard-errors": "alarm" });
    await world.pass(hour);
    expect((await releases.status()).route?.held).not.toBeNull();
    world.signals.say({ "hard-errors": "clear" });
    const machine = releases.start({
      bundle: "green2",
      plan: {},
      reason: "x",
      emergency: true,
      actor: { kind: "machine", id: "bot" },
    });
    expect(await codeOf(machine)).toBe("release-refused");
    await releases.start({ bundle: "green2", plan: {}, reason: "forward fix", emergency: true });
    await world.pass(hour);
    expect((await releases.status()).route).toMatchObject({ live: "green2", held: null });
  });
});
