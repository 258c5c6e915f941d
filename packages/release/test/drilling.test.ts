import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Releases } from "../src/index.ts";
import { aWorld, codeOf, hour, type ReleaseWorld, toQuarantine } from "./world.ts";

let world: ReleaseWorld;
let releases: Releases;

beforeEach(async () => {
  world = await aWorld();
  releases = world.open({ tickMs: 60_000 });
});
afterEach(() => world.close());

async function verbs(): Promise<string[]> {
  return (await world.app.exportAudit()).lines.map(({ entry }) => entry.verb);
}

describe("a drill", () => {
  it("goes to another bundle on a share of keys, comes back for real, and stores what each part took [RELEASE-DRILL]", async () => {
    const report = await releases.drill({ bundle: "green", percent: 1, reason: "practice" });
    expect(await verbs()).toEqual(["open", "stage", "setCanary", "rollback"]);
    expect(report).toMatchObject({
      from: "green",
      to: "blue",
      percent: 1,
      ok: true,
      drained: true,
      by: { id: "ana" },
    });
    expect(Object.keys(report.times)).toEqual(["decideMs", "switchMs", "confirmMs", "drainMs"]);
    expect((await world.app.status()).route).toMatchObject({ live: "blue", stable: "blue", candidate: null });
    expect(await releases.drills()).toEqual([report]);
    expect((await releases.status()).lastGoodDrill).toEqual(report);
  });

  it("moves everything where no share is named [RELEASE-DRILL]", async () => {
    await releases.drill({ bundle: "green", reason: "practice" });
    expect(await verbs()).toEqual(["open", "stage", "flip", "rollback"]);
    expect((await world.app.status()).route).toMatchObject({ live: "blue", stable: "blue" });
  });

  it("in quarantine goes back to blue and forward again; the release never notices [RELEASE-DRILL]", async () => {
    await toQuarantine(world, releases);
    const before = (await releases.status()).release;
    const report = await releases.drill({ reason: "friday" });
    expect(report).toMatchObject({ from: "green", to: "blue", percent: 100 });
    await world.pass(hour);
    const { route, release } = await releases.status();
    expect(route).toMatchObject({ live: "green", stable: "blue" });
    expect(release).toMatchObject({ id: before?.id, phase: "quarantine", outcome: null });
    expect(await releases.isDenied("green")).toBe(false);
  });

  it("over five minutes fails, naming the slowest part [RELEASE-DRILL]", async () => {
    world.store.onCommit(async (ops) => {
      const route = ops.find(({ key }) => key === "agent/route");
      if (
        route?.op === "put" &&
        route.value.includes('"verb":"rollback"') &&
        !route.value.includes('"drilled"')
      )
        world.clock.advance(6 * 60_000).catch(() => {});
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    });
    const report = await releases.drill({ bundle: "green", percent: 1, reason: "practice" });
    expect(report).toMatchObject({ ok: false, slowest: "switchMs" });
    expect(report.text).toContain("switchMs");
    expect((await releases.status()).lastGoodDrill).toBeNull();
  });

  it.each([
    [
      "during a release that is not in quarantine",
      async () => void (await releases.start({ bundle: "green", plan: {}, reason: "x" })),
      { bundle: "green2" },
    ],
    ["of the way back when nothing is in quarantine", async () => {}, {}],
    ["of the live bundle", async () => {}, { bundle: "blue" }],
  ])("is refused %s [RELEASE-DRILL]", async (_, before, more) => {
    await before();
    expect(await codeOf(releases.drill({ reason: "practice", ...more }))).toBe("release-refused");
    expect(await releases.drills()).toEqual([]);
  });

  it("is refused where it would cancel users' runs [RELEASE-DRILL]", async () => {
    await toQuarantine(world, releases, { plan: { onRollback: "cancel" } });
    expect(await codeOf(releases.drill({ reason: "practice" }))).toBe("release-refused");
  });

  it("whose process died is ended by anybody, towards the stable bundle; a driver does so by itself [RELEASE-DRILL]", async () => {
    const gate = world.store.gate({ kind: "list" });
    const dying = releases.drill({ bundle: "green", reason: "practice" }).catch(() => {});
    await gate.reached;
    expect(await codeOf(releases.drill({ bundle: "green2", reason: "practice" }))).toBe("release-refused");
    expect(await releases.recoverDrill({ reason: "its process died" })).toBe(true);
    expect((await world.app.status()).route).toMatchObject({ live: "blue", stable: "blue", candidate: null });
    expect(await releases.recoverDrill({ reason: "again" })).toBe(false);
    gate.open();
    await dying;
  });
});
