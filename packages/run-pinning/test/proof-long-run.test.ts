import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock } from "@verdigris/testing";
import { expect, it } from "vitest";
import { registerBundles } from "./proof/bundles.ts";
import { bundleIds } from "./proof/fleet.ts";
import { ana, createProcess, openOn } from "./proof/process.ts";

const minute = 60_000;
const hour = 60 * minute;
const facts = { actor: ana, reason: "the quarantine is over" };

it("a run of six hours keeps its bundle through three releases in its first hour and delays none of them [I1]", async () => {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  await registerBundles(store, "agent", bundleIds);
  const owner = createProcess({ store, clock, name: "owner", watch: true, sweepMs: 30_000 });
  const releaser = createProcess({ store, clock, name: "releaser" });
  await owner.move(openOn("blue", { maxAgeMs: 8 * hour }), { expect: 0 });
  await releaser.router.refresh();
  const started = await owner.pinning.start({ key: "tenant" });
  if (!started.placed) throw new Error("not placed");
  const { run } = started;
  const { pipeline } = run;
  const steps: string[] = [];
  const step = (): Promise<unknown> =>
    run.step("work", ({ pipeline: standing, bundle, scope }) => {
      expect(standing.up).toBe(true);
      steps.push(standing.bundle.id, bundle.code.commit, scope.bundle);
    });

  await step();
  for (const [i, next] of ["green", "amber", "violet"].entries()) {
    await clock.advance(20 * minute);
    expect(await releaser.move({ verb: "stage", bundle: next })).toMatchObject({ outcome: "moved" });
    expect(await releaser.move({ verb: "flip", bundle: next })).toMatchObject({ outcome: "moved" });
    expect(await releaser.move({ verb: "settle" })).toMatchObject({ outcome: "moved" });
    await step();
    const fresh = await owner.pinning.start();
    expect(fresh.placed && fresh.run.scope.bundle).toBe(next);
    if (fresh.placed) await fresh.run.finish({ outcome: "completed" });
    // The bundle of the release before has nobody left: only the first one is needed still.
    const before = ["blue", "green", "amber"][i] ?? "";
    expect((await releaser.pinning.recycle(before, facts)).recycled).toBe(before !== "blue");
  }
  for (let worked = 1; worked < 6; worked++) {
    await clock.advance(hour);
    await step();
    const { ok, blockers } = await releaser.pinning.canRecycle("blue");
    expect(ok).toBe(false);
    expect(blockers).toEqual([
      { code: "runs-in-flight", run: run.id, deadline: run.deadline, drainedBy: expect.any(Number) },
    ]);
    const report = await releaser.pinning.drainReport("blue");
    expect(report).toMatchObject({ status: "draining", inFlight: { count: 1, more: false }, proof: null });
  }
  expect(new Set(steps)).toEqual(new Set(["blue"]));
  expect(await run.finish({ outcome: "completed" })).toBe("finished");
  expect(await releaser.pinning.canRecycle("blue")).toEqual({ ok: true, blockers: [] });
  expect(await releaser.pinning.recycle("blue", facts)).toMatchObject({ recycled: true });
  expect(await releaser.pinning.drainReport("blue")).toMatchObject({ status: "recycled" });
  // Its process hears of it and takes the pipeline down.
  await clock.advance(2_000);
  expect(pipeline.up).toBe(false);
  await owner.close();
});
