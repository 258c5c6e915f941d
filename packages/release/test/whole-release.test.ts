import { afterEach, beforeEach, expect, it } from "vitest";
import { aWorld, hour, type ReleaseWorld } from "./world.ts";

let world: ReleaseWorld;

beforeEach(async () => {
  world = await aWorld();
});
afterEach(() => world.close());

it("takes a bundle through every phase to recycled, each on a pass [RELEASE-WHOLE]", async () => {
  const releases = world.open({ tickMs: 600_000 });
  releases.drive();
  const { id } = await releases.start({
    bundle: "green",
    plan: { rollout: "canary" },
    reason: "better answers",
  });
  await world.pass(600_000);
  expect((await releases.status()).release).toMatchObject({ phase: "canary", canaryStep: 0 });
  await world.pass(4 * hour);
  expect((await releases.status()).release?.phase).toBe("quarantine");
  await world.pass(49 * hour);
  const { release, route } = await releases.status();
  expect(release).toMatchObject({ id, outcome: { kind: "completed" }, outbox: [] });
  expect(route).toMatchObject({ live: "green", stable: "green", candidate: null, retiring: [] });
  const { gates } = world;
  expect(
    [gates.smoke, gates.evals, gates.shadow].map(
      ({ asked }) => asked.filter((a) => a.bundle.id === "green").length,
    ),
  ).toEqual([1, 1, 1]);
  expect((await releases.history(id)).length).toBeGreaterThan(10);
});
