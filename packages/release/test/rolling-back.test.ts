import { isVerdigrisError } from "@verdigris/contracts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Releases } from "../src/index.ts";
import { aWorld, codeOf, hour, nodeSays, type ReleaseWorld, toQuarantine } from "./world.ts";

let world: ReleaseWorld;
let releases: Releases;

beforeEach(async () => {
  world = await aWorld();
  releases = world.open({ tickMs: 600_000 });
});
afterEach(() => world.close());

/** Green is live and in quarantine, and whoever drove it there is gone. */
async function switchedAndAlone(plan = {}): Promise<void> {
  const driver = await toQuarantine(world, releases, { plan });
  await driver.close();
}

describe("rollback", () => {
  it("needs no driver, no gates and no detectors: the agent's name and its store are enough [ROLLBACK-ALONE]", async () => {
    await switchedAndAlone();
    const alone = world.open({ gates: {}, signals: async () => [] });
    const report = await alone.rollback({ reason: "users complain", actor: "on-call" });
    expect(report).toMatchObject({ outcome: "rolled-back", from: "green", to: "blue" });
    expect((await alone.status()).route).toMatchObject({ live: "blue", stable: "blue" });
    expect(await alone.isDenied("green")).toBe(true);
    const { release } = await alone.status();
    expect(release).toMatchObject({
      outcome: { kind: "rolled-back", by: { id: "on-call" }, why: "users complain" },
    });
    expect(release?.rollback?.newRunsSafeAt).toBe(report.newRunsSafeAt);
  });

  it("is one commit on the route [ROLLBACK-ALONE]", async () => {
    await switchedAndAlone();
    const before = (await releases.status()).route?.generation ?? 0;
    await releases.rollback({ reason: "bad" });
    const lines = await world.app.audit({ after: before });
    expect(lines.map(({ entry }) => entry.verb)).toEqual(["rollback"]);
  });

  it("said twice is done once, and the second call finishes what the first could not write down [ROLLBACK-ALONE]", async () => {
    await switchedAndAlone();
    const revive = world.store.onCommit((ops) => {
      if (ops.some(({ key }) => key.startsWith("agent/denied/"))) throw new Error("the process dies here");
    });
    expect(await releases.rollback({ reason: "bad" })).toMatchObject({
      outcome: "rolled-back",
      written: false,
    });
    expect((await world.app.status()).route?.live).toBe("blue");
    revive();
    const again = await world.open().rollback({ reason: "bad" });
    expect(again).toMatchObject({ outcome: "unchanged", from: "green" });
    expect(await releases.isDenied("green")).toBe(true);
    expect((await releases.status()).release?.outcome?.kind).toBe("rolled-back");
    expect((await releases.rollback({ reason: "bad" })).outcome).toBe("unchanged");
  });

  it("moves the route at once although the records beside it are down [ROLLBACK-ALONE]", async () => {
    await switchedAndAlone();
    const key = "agent/releasing";
    const rev = (await world.store.get([key])).entries[0]?.rev ?? 0;
    await world.store.commit([{ op: "put", key, rev, value: "not JSON" }]);
    const { outcome } = await releases.rollback({ reason: "bad" });
    expect(outcome).toBe("rolled-back");
    expect((await world.app.status()).route?.live).toBe("blue");
    expect(await releases.isDenied("green")).toBe(true);
  });

  it("is refused towards a bundle that stands nowhere, says what else there is, and obeys force (flagger#1898) [ROLLBACK-TARGET]", async () => {
    await switchedAndAlone();
    await nodeSays(world, "n1", "blue", false);
    const error = await releases.rollback({ reason: "bad" }).catch((e: unknown) => e);
    if (!isVerdigrisError(error, "rollback-refused")) throw error;
    expect(error.details).toMatchObject({
      target: { health: "failed" },
      offers: ["force", "hold", "emergency release"],
    });
    expect((await world.app.status()).route?.live).toBe("green");
    expect((await releases.rollback({ reason: "bad", force: true })).outcome).toBe("rolled-back");
  });

  it("shows the age of the check it judges by, and takes a living process's word over a dead one's [ROLLBACK-TARGET]", async () => {
    await switchedAndAlone();
    await nodeSays(world, "n1", "blue", true);
    await world.pass(5_000);
    expect((await releases.status()).target).toMatchObject({ health: "ok", ageMs: 5_000 });
    await world.pass(60_000);
    expect((await releases.status()).target?.health).toBe("stale");
    expect(await codeOf(releases.rollback({ reason: "bad" }))).toBe("rollback-refused");
    await nodeSays(world, "n2", "blue", true);
    expect((await releases.rollback({ reason: "bad" })).target.health).toBe("ok");
  });

  it("of a bundle that is not safe to roll back freezes it instead, by hand as well [ROLLBACK-TARGET]", async () => {
    await switchedAndAlone({ rollbackSafe: false });
    expect((await releases.rollback({ reason: "bad" })).outcome).toBe("frozen");
    const { route, release } = await releases.status();
    expect(route).toMatchObject({ live: "green" });
    expect(route?.held).not.toBeNull();
    expect(release?.held).not.toBeNull();
    expect((await releases.rollback({ reason: "it must", force: true })).outcome).toBe("rolled-back");
  });

  it("in a canary takes the share back and ends the release [I9]", async () => {
    const driver = releases.drive();
    await releases.start({ bundle: "green", plan: { rollout: "canary" }, reason: "better" });
    await world.pass(hour / 2);
    await driver.close();
    expect((await releases.status()).route?.canary?.percent).toBe(5);
    expect((await releases.rollback({ reason: "bad" })).from).toBe("green");
    const { route, release } = await releases.status();
    expect(route).toMatchObject({ live: "blue", candidate: null, canary: null });
    expect(release?.outcome?.kind).toBe("halted");
    expect(await releases.isDenied("green")).toBe(true);
  });

  it("lists who was touched: unfinished runs from their pins, finished ones and their tools from the host [ROLLBACK-IMPACT]", async () => {
    await switchedAndAlone();
    const started = await world.app.start({ key: "customer-7" });
    if (!started.placed) throw new Error("not placed");
    const knowing = world.open({
      touched: async (bundle) => [
        { run: "r1", key: "customer-1", tools: ["refund", "search"] },
        { run: "r2", key: `of ${bundle}`, tools: ["refund"] },
      ],
    });
    const { impact } = await knowing.rollback({ reason: "bad" });
    expect(impact).toMatchObject({
      bundle: "green",
      left: [{ run: started.run.id, key: "customer-7" }],
      policy: "finish",
      tools: ["refund", "search"],
    });
    expect(impact?.goneBy).toBeGreaterThan(world.clock.now());
    await started.run.finish({ outcome: "completed" });
  });

  it.each(["finish", "migrate", "cancel"] as const)(
    "leaves the runs on the bad bundle to the plan's policy: %s [ROLLBACK-IMPACT]",
    async (onRollback) => {
      await switchedAndAlone({ onRollback });
      const started = await world.app.start();
      if (!started.placed) throw new Error("not placed");
      const { impact } = await releases.rollback({ reason: "bad" });
      expect(impact).toMatchObject({ policy: onRollback, left: [{ run: started.run.id }] });
      expect((await releases.status()).route?.policy.onRollback).toBe(onRollback);
      // What becomes of it is for the process that has it: it hears of the rollback with the route.
      await world.app.status();
      const { signal, bundle } = started.run;
      expect({ aborted: signal.aborted, on: bundle.id }).toEqual({
        aborted: onRollback === "cancel",
        on: "green",
      });
      await started.run.finish({ outcome: "failed" }).catch(() => {});
    },
  );

  it("tells when the last run on the bad bundle is gone, once a driver sees it [ROLLBACK-IMPACT]", async () => {
    await switchedAndAlone();
    const started = await world.app.start();
    if (!started.placed) throw new Error("not placed");
    await releases.rollback({ reason: "bad" });
    releases.drive();
    await world.pass(hour);
    expect((await releases.status()).release?.rollback?.lastRunGoneAt).toBeNull();
    expect((await releases.status()).waitingFor).toContain("the last run on the bad bundle");
    await started.run.finish({ outcome: "completed" });
    await world.pass(hour);
    expect((await releases.status()).release?.rollback?.lastRunGoneAt).not.toBeNull();
    expect((await releases.status()).waitingFor).toEqual([]);
  });

  it("without a route says so; where everything is in its place it changes nothing [ROLLBACK-ALONE]", async () => {
    expect((await releases.rollback({ reason: "nervous" })).outcome).toBe("unchanged");
    expect(await releases.denied()).toEqual([]);
    const empty = await aWorld({ first: true });
    expect(await codeOf(empty.open().rollback({ reason: "x" }))).toBe("no-route");
    await empty.close();
  });

  it("needs a reason and somebody who may [ROLLBACK-ALONE]", async () => {
    expect(await codeOf(releases.rollback({ reason: "" }))).toBe("invalid-argument");
    const guarded = world.open({ authorize: () => false });
    expect(await codeOf(guarded.rollback({ reason: "x" }))).toBe("not-authorized");
  });
});
