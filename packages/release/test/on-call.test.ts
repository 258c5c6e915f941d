import { afterEach, beforeEach, expect, it } from "vitest";
import { createOnCall } from "../src/on-call.ts";
import { aWorld, type ReleaseWorld, toQuarantine } from "./world.ts";

let world: ReleaseWorld;

beforeEach(async () => {
  world = await aWorld();
});
afterEach(() => world.close());

it("looks, holds and goes back with the agent's name and its store, and neither starts nor drives [ROLLBACK-ALONE]", async () => {
  const releases = world.open({ tickMs: 60_000 });
  const driver = await toQuarantine(world, releases);
  await driver.close();
  const { id } = (await releases.list())[0] ?? { id: "" };
  const { store, clock } = world;
  await using onCall = createOnCall({ agent: "agent", store, clock, actor: "on-call" });
  expect((await onCall.status()).release).toMatchObject({ id, phase: "quarantine" });
  expect((await onCall.hold({ reason: "looking" })).held).toMatchObject({ by: { id: "on-call" } });
  expect(await onCall.rollback({ reason: "bad" })).toMatchObject({ outcome: "rolled-back", to: "blue" });
  expect((await onCall.history(id)).at(-1)?.step).toMatchObject({
    event: "rolled-back",
    outcome: "rolled-back",
  });
  expect(await onCall.isDenied("green")).toBe(true);
  expect(["start", "explain", "drive"].filter((verb) => verb in onCall)).toEqual([]);
});

it("says how things stand with a record on the deny list that nobody can read, and lets that bundle through nowhere", async () => {
  const { store, clock } = world;
  await using onCall = createOnCall({ agent: "agent", store, clock, actor: "on-call" });
  await onCall.deny("green", { reason: "bad" });
  await store.commit([{ op: "put", key: "agent/denied/torn", rev: 0, value: "{" }]);
  const status = await onCall.status();
  expect(status.denied.map(({ bundle }) => bundle.id)).toEqual(["green"]);
  expect(status.warnings.join()).toContain("agent/denied/torn");
  await expect(onCall.isDenied("torn")).rejects.toMatchObject({ code: "record-corrupt" });
});
