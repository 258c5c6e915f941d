import { mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentKeys } from "@verdigris/contracts";
import { createStoreRouter } from "@verdigris/router";
import { readSwitchFile, watchSwitchFile } from "@verdigris/router/node";
import {
  followSwitch,
  type SwitchFollower,
  type SwitchOptions,
  type SwitchStanding,
} from "@verdigris/router/switch";
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

describe("a watched source", () => {
  it("is read at once when it says so, and again when it says so meanwhile [SWITCH-CHANGE]", async () => {
    let say = (): void => {};
    let stopped = false;
    const told: (string | null)[] = [];
    const follower = follow({
      onStanding: ({ value }) => told.push(value),
      watch: (onChange) => {
        say = onChange;
        return () => {
          stopped = true;
        };
      },
    });
    await clock.advance(0);
    flag = "green";
    say();
    await clock.advance(0);
    expect((await router.refresh())?.route.live).toBe("green");
    const gate = store.gate({ kind: "get" });
    say();
    await gate.reached;
    flag = "red";
    say();
    gate.open();
    await clock.advance(0);
    expect(told).toEqual(["blue", "green", "red"]);
    follower.close();
    expect(stopped).toBe(true);
  });

  it("is polled all the same: a watch that says nothing delays, and misses nothing [SWITCH-CHANGE]", async () => {
    follow({ watch: () => () => {} });
    await clock.advance(0);
    flag = "green";
    await clock.advance(5_000);
    expect((await router.refresh())?.route.live).toBe("green");
  });
});

describe("a watched file", () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "verdigris-"));
    file = join(directory, "live.json");
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const naming = (bundle: string): string => JSON.stringify({ live: { agent: bundle } });

  /** Follows the file by its watcher alone: the clock stands, so nothing is polled. */
  function followFile(): { follower: SwitchFollower; standing: (live: string) => Promise<void> } {
    let told = (_: SwitchStanding): void => {};
    let last: SwitchStanding | null = null;
    const follower = follow({
      read: readSwitchFile(file, "agent"),
      watch: watchSwitchFile(file),
      onStanding(standing) {
        last = standing;
        told(standing);
      },
    });
    const is = (standing: SwitchStanding | null, value: string): boolean => standing?.value === value;
    return {
      follower,
      standing: (value) =>
        new Promise((resolve) => {
          told = (standing) => is(standing, value) && resolve();
          if (is(last, value)) resolve();
        }),
    };
  }

  it("is followed when it is written in place [SWITCH-CHANGE]", async () => {
    await writeFile(file, naming("blue"));
    const { standing } = followFile();
    await standing("blue");
    await writeFile(file, naming("green"));
    await standing("green");
    expect((await router.refresh())?.route.live).toBe("green");
  });

  it("is followed when another is renamed over it, time after time [SWITCH-CHANGE]", async () => {
    await writeFile(file, naming("blue"));
    const { standing } = followFile();
    await standing("blue");
    for (const next of ["green", "blue", "green"]) {
      await writeFile(`${file}.tmp`, naming(next));
      await rename(`${file}.tmp`, file);
      await standing(next);
    }
    expect(await generation()).toBe(4);
  });

  it("is followed through the links of a mounted volume [SWITCH-CHANGE]", async () => {
    for (const [version, bundle] of [
      ["..1", "blue"],
      ["..2", "green"],
    ] as const) {
      await mkdir(join(directory, version));
      await writeFile(join(directory, version, "live.json"), naming(bundle));
    }
    await symlink("..1", join(directory, "..data"));
    await symlink(join("..data", "live.json"), file);
    const { standing } = followFile();
    await standing("blue");
    await symlink("..2", join(directory, "..data_tmp"));
    await rename(join(directory, "..data_tmp"), join(directory, "..data"));
    await standing("green");
  });

  it("asks for nothing while it is half written or away, and flips once it is whole [SWITCH-CHANGE]", async () => {
    await writeFile(file, naming("blue"));
    const { standing } = followFile();
    await standing("blue");
    const whole = naming("green");
    const handle = await open(file, "w");
    await handle.write(whole.slice(0, 12));
    await handle.sync();
    expect(await generation()).toBe(1);
    await handle.write(whole.slice(12));
    await handle.close();
    await standing("green");
    await rm(file);
    await writeFile(file, naming("blue"));
    await standing("blue");
    expect(await generation()).toBe(3);
  });

  it("that is in no folder yet is left to the poll [SWITCH-CHANGE]", async () => {
    const later = join(directory, "later", "live.json");
    file = later;
    const { follower, standing } = followFile();
    await mkdir(join(directory, "later"));
    await writeFile(later, naming("blue"));
    await follower.check();
    await writeFile(later, naming("green"));
    let polled = false;
    const arrived = standing("green").then(() => {
      polled = true;
    });
    while (!polled) await clock.advance(5_000);
    await arrived;
    expect((await router.refresh())?.route.live).toBe("green");
  });

  it("names the bundle of each agent, and nothing while it is missing or half written [SWITCH-CHANGE]", async () => {
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
  });
});
