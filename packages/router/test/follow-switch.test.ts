import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentKeys } from "@verdigris/contracts";
import { createStoreRouter } from "@verdigris/router";
import { readSwitchFile } from "@verdigris/router/node";
import { followSwitch, type SwitchFollower, type SwitchOptions } from "@verdigris/router/switch";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore } from "@verdigris/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ana, openBlue, registerBundles } from "./world.ts";

const clock = createFakeClock();
let store: ReturnType<typeof createFaultyStore>;
let router: ReturnType<typeof createStoreRouter>;
let flag: string | null;
let followers: SwitchFollower[];

beforeEach(async () => {
  store = createFaultyStore(createMemoryStore({ clock }));
  router = createStoreRouter({ agent: "agent", store, clock, watch: false });
  await registerBundles(store, agentKeys("agent"), ["blue", "green", "red"]);
  await router.move({ move: openBlue, actor: ana, reason: "first", expect: 0 });
  flag = "blue";
  followers = [];
});
afterEach(() => {
  for (const follower of followers) follower.close();
});

function follow(more: Partial<SwitchOptions> = {}): SwitchFollower {
  const follower = followSwitch({ router, store, clock, name: "live-bundle", read: () => flag, ...more });
  followers.push(follower);
  return follower;
}

async function generation(): Promise<number> {
  return (await router.refresh())?.route.generation ?? 0;
}

describe("a switch source", () => {
  it("asks for nothing with its first value, whatever that is [SWITCH-OLD-VALUE]", async () => {
    flag = "green";
    expect(await follow().check()).toEqual({ value: "green", live: "blue", disagrees: true, answer: null });
    expect(await generation()).toBe(1);
  });

  it("flips on a change, under its own name [SWITCH-CHANGE]", async () => {
    const follower = follow();
    await follower.check();
    flag = "green";
    expect(await follower.check()).toEqual({
      value: "green",
      live: "green",
      disagrees: false,
      answer: "moved",
    });
    const { entries } = await store.get(["agent/audit/0000000002"]);
    expect(JSON.parse(entries[0]?.value ?? "")).toMatchObject({
      verb: "flip",
      actor: { kind: "policy", id: "flag:live-bundle" },
    });
  });

  it("never undoes a rollback with the value it had, in a process that has just started either [SWITCH-OLD-VALUE]", async () => {
    const follower = follow();
    await follower.check();
    flag = "green";
    await follower.check();
    await router.move({ move: { verb: "rollback" }, actor: ana, reason: "bad" });
    for (const one of [follower, follow()])
      expect(await one.check()).toEqual({ value: "green", live: "blue", disagrees: true, answer: "moved" });
    expect(await generation()).toBe(3);
  });

  it("asks again once its value has been another in between [SWITCH-CHANGE]", async () => {
    const follower = follow();
    await follower.check();
    for (const next of ["green", "blue", "green"]) {
      flag = next;
      expect((await follower.check()).live).toBe(next);
    }
  });

  it("is obeyed once by any number of processes [SWITCH-CHANGE]", async () => {
    const crew = [follow(), follow(), follow()];
    await Promise.all(crew.map((one) => one.check()));
    flag = "green";
    await Promise.all(crew.map((one) => one.check()));
    expect(await generation()).toBe(2);
  });

  it("is refused like anybody while the route is held, and is not tried again behind its back [SWITCH-CHANGE]", async () => {
    const follower = follow();
    await follower.check();
    await router.move({ move: { verb: "hold", why: "freeze" }, actor: ana, reason: "freeze" });
    flag = "green";
    expect(await follower.check()).toMatchObject({ disagrees: true, answer: "refused" });
    await router.move({ move: { verb: "release" }, actor: ana, reason: "done", expect: await generation() });
    expect(await follower.check()).toMatchObject({ live: "blue", answer: "refused" });
  });

  it("is carried on by another process when the first died between asking and flipping [SWITCH-CHANGE]", async () => {
    await follow().check();
    flag = "green";
    const stop = store.onCommit((ops) => {
      if (ops.some(({ key }) => key === "agent/route")) throw new Error("dies here");
    });
    await follow()
      .check()
      .catch(() => {});
    expect(await generation()).toBe(1);
    stop();
    flag = null;
    expect(await follow().check()).toMatchObject({ live: "green", answer: "moved" });
  });

  it("says nothing while it cannot be read or names no bundle [SWITCH-OLD-VALUE]", async () => {
    const follower = follow({ read: () => Promise.reject(new Error("flag service down")) });
    expect(await follower.check()).toEqual({ value: null, live: "blue", disagrees: false, answer: null });
    flag = "not a bundle id!";
    expect((await follow().check()).value).toBeNull();
  });

  it("is read every few seconds, and its disagreement is told once [SWITCH-OLD-VALUE]", async () => {
    const told: boolean[] = [];
    follow({ onStanding: ({ disagrees }) => told.push(disagrees) });
    await clock.advance(20_000);
    flag = "green";
    await clock.advance(20_000);
    await router.move({ move: { verb: "rollback" }, actor: ana, reason: "bad" });
    await clock.advance(20_000);
    expect(told).toEqual([false, false, true]);
  });

  it("needs a name that can stand in a key, and a sensible pause", () => {
    expect(() => follow({ name: "a/b" })).toThrow(TypeError);
    expect(() => follow({ pollMs: 1 })).toThrow(TypeError);
  });
});

describe("a watched file", () => {
  it("names the bundle of each agent, and nothing while it is missing or half written [SWITCH-CHANGE]", async () => {
    const directory = await mkdtemp(join(tmpdir(), "verdigris-"));
    const file = join(directory, "live.json");
    const read = readSwitchFile(file, "agent");
    expect(await read()).toBeNull();
    for (const [text, value] of [
      ['{ "live": { "agent": "green", "other": "red" } }', "green"],
      ['{ "live": { "agent": ', null],
      ['{ "live": { "other": "red" } }', null],
      ['{ "live": { "agent": 7 } }', null],
      ["[]", null],
    ] as const) {
      await writeFile(file, text);
      expect(await read(), text).toBe(value);
    }
    await rm(directory, { recursive: true, force: true });
  });
});
