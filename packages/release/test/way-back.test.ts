import type { StateLayer } from "@verdigris/contracts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Releases, WayBackCheck } from "../src/index.ts";
import { aWorld, codeOf, hour, minute, nodeSays, type ReleaseWorld, toQuarantine } from "./world.ts";

let world: ReleaseWorld;
let releases: Releases;

beforeEach(async () => {
  world = await aWorld();
  releases = world.open({ tickMs: 600_000 });
});
afterEach(() => world.close());

function wrong({ ok, findings }: WayBackCheck): string[] {
  const codes = findings.filter((found) => !found.ok).map(({ code }) => code);
  expect(ok).toBe(codes.length === 0);
  return codes;
}

describe("checkRollback", () => {
  it("looks at the recorded target before the switch and after it, and says what it looked at [ROLLBACK-TARGET]", async () => {
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    const before = await releases.checkRollback();
    expect(before).toMatchObject({ ok: true, findings: [{ text: "blue is on record" }, {}, {}] });
    await releases.abort({ reason: "enough" });
    await toQuarantine(world, releases, { bundle: "green2" });
    expect(wrong(await releases.checkRollback())).toEqual([]);
    const { text = "" } =
      (await releases.checkRollback()).findings.find(({ code }) => code === "health") ?? {};
    expect(text).toContain("blue");
  });

  it.each([
    ["denied", "is on the deny list", async () => releases.deny("blue", { reason: "leaks" })],
    ["health", "stands nowhere", async () => nodeSays(world, "n1", "blue", false)],
    [
      "registered",
      "is not on record any more",
      async () => {
        const key = "agent/bundle/blue";
        const rev = (await world.store.get([key])).entries[0]?.rev ?? 0;
        await world.store.commit([{ op: "del", key, rev }]);
      },
    ],
  ])("finds that the target %s: it %s [ROLLBACK-TARGET]", async (code, _, spoil) => {
    await toQuarantine(world, releases);
    await spoil();
    expect(wrong(await releases.checkRollback())).toEqual([code]);
  });

  it("asks the memory whether the target can read what the bundle writes, and a release waits for a yes [ROLLBACK-TARGET]", async () => {
    let readable = false;
    const state: StateLayer = {
      park: async () => {},
      promote: async () => {},
      canRead: async (reader, writer) => readable && reader === "blue" && writer === "green",
    };
    const driving = world.open({ tickMs: 600_000, state });
    driving.drive();
    await driving.start({ bundle: "green", plan: {}, reason: "better" });
    await world.pass(hour);
    expect(wrong(await driving.checkRollback())).toEqual(["state"]);
    const { release } = await driving.status();
    expect(release).toMatchObject({ phase: "switched", switch: null, held: { because: "way-back" } });
    readable = true;
    await driving.resume({ reason: "migrated" });
    await world.pass(hour);
    expect((await driving.status()).release?.phase).toBe("quarantine");
  });

  it("of a bundle that is not safe to roll back says that it would be frozen [ROLLBACK-TARGET]", async () => {
    await toQuarantine(world, releases, { plan: { rollbackSafe: false } });
    const { ok, findings } = await releases.checkRollback();
    expect(ok).toBe(true);
    expect(findings.at(-1)).toMatchObject({ code: "rollback-safe" });
  });

  it("wants a good drill as recent as the plan says [RELEASE-DRILL]", async () => {
    expect((await releases.drill({ bundle: "green2", percent: 1, reason: "practice" })).ok).toBe(true);
    await toQuarantine(world, releases, { plan: { drillWithin: "2h" } });
    expect(wrong(await releases.checkRollback())).toEqual([]);
    await world.pass(2 * hour);
    expect(wrong(await releases.checkRollback())).toEqual(["drill"]);
  });

  it("without a release or a route says so [ROLLBACK-TARGET]", async () => {
    expect(await codeOf(releases.checkRollback())).toBe("release-unknown");
  });
});

describe("a bundle that is denied while its release is under way", () => {
  it("never goes live: it is held before the switch, and goes on once it is lifted [RELEASE-DENIED]", async () => {
    releases.drive();
    const plan = { approval: { before: ["switched"] } } as const;
    await releases.start({ bundle: "green", plan, reason: "better" });
    await world.pass(hour);
    await releases.deny("green", { reason: "licence" });
    const { evidence } = await releases.status();
    if (evidence === null) throw new Error("no evidence");
    await releases.approve({ evidence, reason: "read it" });
    await world.pass(hour);
    const { route, release } = await releases.status();
    expect(route).toMatchObject({ live: "blue" });
    expect(release?.held).toMatchObject({ because: "way-back", why: expect.stringContaining("licence") });
    await releases.lift("green", { reason: "bought one" });
    await releases.resume({ reason: "bought one" });
    await world.pass(hour);
    expect((await releases.status()).route?.live).toBe("green");
  });

  it("gets no larger share, and does not go live past a way back that is passed over [RELEASE-DENIED]", async () => {
    releases.drive();
    const plan = {
      canary: {
        steps: [
          { percent: 5, for: "1h" },
          { percent: 50, for: "1h" },
        ],
      },
    } as const;
    await releases.start({
      bundle: "green",
      plan: { rollout: "canary-then-blue-green", ...plan },
      reason: "x",
    });
    await releases.skip({ gate: "way-back", reason: "nobody is there to look" });
    await world.pass(hour / 2);
    await releases.deny("green", { reason: "licence" });
    await world.pass(2 * hour);
    const { route, release } = await releases.status();
    expect(route).toMatchObject({ live: "blue", canary: { percent: 5 } });
    expect(release?.held).toMatchObject({ because: "route", why: expect.stringContaining("licence") });
    await releases.lift("green", { reason: "bought one" });
    await releases.resume({ reason: "bought one" });
    await world.pass(hour / 2);
    expect((await releases.status()).route?.canary?.percent).toBe(50);
    await releases.deny("green", { reason: "licence" });
    await world.pass(2 * hour);
    expect((await releases.status()).route?.live).toBe("blue");
    await releases.lift("green", { reason: "bought one" });
    await releases.resume({ reason: "bought one" });
    await world.pass(hour / 2);
    expect((await releases.status()).route?.live).toBe("green");
  });

  it("is halted where it is built [RELEASE-DENIED]", async () => {
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await releases.deny("green", { reason: "licence" });
    releases.drive();
    await world.pass(minute);
    expect((await releases.status()).release?.outcome).toMatchObject({
      kind: "halted",
      why: expect.stringContaining("licence"),
    });
  });

  it("is not tried again after it was taken back from a canary, until it is lifted [RELEASE-DENIED]", async () => {
    releases.drive();
    await releases.start({ bundle: "green", plan: { rollout: "canary" }, reason: "better" });
    await world.pass(hour / 2);
    await releases.rollback({ reason: "bad" });
    await world.pass(minute);
    const { id = "" } = (await releases.status()).release ?? {};
    expect(await codeOf(releases.retry({ release: id, reason: "again" }))).toBe("bundle-denied");
    await releases.lift("green", { reason: "it was the network" });
    expect((await releases.retry({ release: id, reason: "again" })).outcome).toBeNull();
  });
});

describe("a switch whose way back was passed over", () => {
  it("has blue looked at as soon as it is made, and an alarm freezes where it does not stand [ROLLBACK-TARGET]", async () => {
    await nodeSays(world, "n1", "blue", false);
    await nodeSays(world, "n2", "green", true);
    await releases.start({ bundle: "green", plan: {}, reason: "better" });
    await releases.skip({ gate: "way-back", reason: "blue is beyond repair" });
    releases.drive();
    await world.pass(10 * minute);
    const { release } = await releases.status();
    expect(release).toMatchObject({ phase: "quarantine", wayBack: { ok: false } });
    world.signals.say({ "hard-errors": "alarm" });
    await world.pass(10 * minute);
    expect((await releases.status()).release).toMatchObject({ held: { because: "frozen" }, outcome: null });
  });

  it("goes back to a blue that stands, though the check before the switch had said no [ROLLBACK-TARGET]", async () => {
    expect((await releases.drill({ bundle: "green2", percent: 1, reason: "practice" })).ok).toBe(true);
    releases.drive();
    const plan = { drillWithin: "2h", rollout: "canary-then-blue-green" } as const;
    await releases.start({ bundle: "green", plan, reason: "better" });
    await releases.hold({ reason: "lunch" });
    await world.pass(3 * hour);
    await releases.resume({ reason: "back" });
    await world.pass(2 * hour);
    expect((await releases.status()).release?.held).toMatchObject({ because: "way-back" });
    expect((await releases.status()).target?.health).toBe("unknown");
    await releases.skip({ gate: "way-back", reason: "the drill is a day late" });
    await world.pass(hour);
    world.signals.say({ "hard-errors": "alarm" });
    await world.pass(10 * minute);
    expect((await releases.status()).route?.live).toBe("blue");
  });
});
