import { agentKeys, type RunScope } from "@verdigris/contracts";
import { createMemoryStore, type MemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeClock, type FakeClock } from "@verdigris/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { createVerdigris, type StartOptions, type Verdigris, type VerdigrisOptions } from "../src/index.ts";

const [blue, green, teal] = [aBundle("blue"), aBundle("green"), aBundle("teal")];
const keys = Array.from({ length: 400 }, (_, number) => `user-${number}`);
let clock: FakeClock;
let store: MemoryStore;

beforeEach(() => {
  clock = createFakeClock();
  store = createMemoryStore({ clock });
});

async function open(options: Partial<VerdigrisOptions<undefined>> = {}): Promise<Verdigris> {
  const quiet = { clock, watch: false, sweepMs: "never" } as const;
  const desk = createVerdigris({ agent: "desk", store, bundle: blue, actor: "ana", ...quiet, ...options });
  await desk.register(green);
  await desk.register(teal);
  return desk;
}

const next = async (desk: Verdigris) => ({ reason: "next", expect: (await desk.status()).generation });
const scopeOf = (desk: Verdigris, options: StartOptions): Promise<RunScope> =>
  desk.run(options, ({ scope }) => scope);

/** The keys that go to `bundle` now. */
async function keysOn(desk: Verdigris, bundle: string): Promise<string[]> {
  const scopes = await Promise.all(keys.map((key) => scopeOf(desk, { key })));
  return scopes.filter((scope) => scope.bundle === bundle).map(({ key }) => key);
}

async function notices(): Promise<Record<string, unknown>[]> {
  const { entries } = await store.list(`${agentKeys("desk").prefix}notice/`, { limit: 100 });
  return entries.map(({ value }) => JSON.parse(value));
}

async function staged(options: Partial<VerdigrisOptions<undefined>> = {}): Promise<Verdigris> {
  const desk = await open(options);
  await desk.stage({ bundle: "green", ...(await next(desk)) });
  return desk;
}

describe("a preview", () => {
  it("tries the candidate while every other run is on the live bundle [RUN-PREVIEW]", async () => {
    const desk = await staged();
    expect(await scopeOf(desk, { key: "tess", bundle: "green" })).toMatchObject({
      bundle: "green",
      class: "preview",
    });
    expect(await scopeOf(desk, { key: "tess" })).toMatchObject({ bundle: "blue", class: "live" });
    expect(await keysOn(desk, "green")).toEqual([]);
  });

  it("is on record as a notice, and is no move of the route [RUN-PREVIEW]", async () => {
    const desk = await staged();
    const { generation } = await desk.status();
    const { run } = await scopeOf(desk, { bundle: "green" });
    await scopeOf(desk, {});
    expect(await notices()).toMatchObject([{ kind: "named-start", run, bundle: "green", class: "preview" }]);
    expect((await desk.status()).generation).toBe(generation);
  });

  it("is never in production, whoever the canary names [RUN-PREVIEW]", async () => {
    const desk = await staged();
    await desk.setCanary({
      percent: 100,
      include: { keys: ["sam"] },
      exclude: { keys: ["xena"] },
      ...(await next(desk)),
    });
    for (const key of ["sam", "xena", "anybody"])
      expect(await scopeOf(desk, { key, bundle: "green" })).toMatchObject({
        bundle: "green",
        class: "preview",
      });
    expect((await scopeOf(desk, { key: "sam", bundle: "green", class: "smoke" })).class).toBe("smoke");
    await expect(desk.start({ bundle: "green", class: "live" as "smoke" })).rejects.toMatchObject({
      code: "invalid-argument",
      details: { argument: "class" },
    });
  });

  it("has children of its own class on its bundle, which are no named starts [RUN-PREVIEW] [I14]", async () => {
    const desk = await staged();
    const child = await desk.run({ bundle: "green" }, (parent) => scopeOf(desk, { parent }));
    expect(child).toMatchObject({ bundle: "green", class: "preview" });
    expect(await notices()).toHaveLength(1);
  });

  it("needs its bundle on the route: staged, and neither dropped nor settled away [RUN-PREVIEW]", async () => {
    const desk = await open();
    const refused = { code: "bundle-not-on-route" };
    await expect(desk.start({ bundle: "green" })).rejects.toMatchObject(refused);
    await desk.stage({ bundle: "green", ...(await next(desk)) });
    await desk.drop();
    await expect(desk.start({ bundle: "green" })).rejects.toMatchObject(refused);
    await desk.flip({ to: "green", ...(await next(desk)) });
    expect((await scopeOf(desk, { bundle: "blue" })).class).toBe("preview");
    await desk.settle(await next(desk));
    await expect(desk.start({ bundle: "blue" })).rejects.toMatchObject(refused);
    expect(await notices()).toHaveLength(1);
  });

  it("does not fill the store: ten notices a minute, and the next one counts the rest [RUN-PREVIEW]", async () => {
    const desk = await staged();
    for (let i = 0; i < 14; i++) await scopeOf(desk, { bundle: "green" });
    expect(await notices()).toHaveLength(10);
    await clock.advance(60_000);
    await scopeOf(desk, { bundle: "green" });
    const all = await notices();
    expect(all).toHaveLength(11);
    expect(all.at(-1)).toMatchObject({ suppressed: 4 });
  });

  it("can be refused by name, while an assigned start is never asked for [RUN-PREVIEW]", async () => {
    const desk = await staged({ authorize: (_actor, verb) => verb !== "start-named" });
    await expect(desk.start({ bundle: "green" })).rejects.toMatchObject({ code: "not-authorized" });
    expect((await scopeOf(desk, {})).bundle).toBe("blue");
    expect(await notices()).toMatchObject([{ kind: "refused", verb: "start-named", bundle: "green" }]);
  });
});

describe("an aimed canary", () => {
  const staff = { labels: { staff: ["yes"] } };
  const acme = { labels: { tenant: ["acme"] } };

  it("lets exclude beat include, and both beat the share [I13]", async () => {
    const desk = await staged();
    await desk.setCanary({ percent: 0, include: staff, exclude: acme, ...(await next(desk)) });
    const where = async (labels: Record<string, string>) =>
      (await scopeOf(desk, { key: "ada", labels })).bundle;
    expect(await where({ staff: "yes" })).toBe("green");
    expect(await where({ staff: "no" })).toBe("blue");
    expect(await where({ staff: "yes", tenant: "acme" })).toBe("blue");
    await desk.setCanary({ percent: 100, ...(await next(desk)) });
    expect(await where({})).toBe("green");
    expect(await where({ tenant: "acme" })).toBe("blue");
    await desk.setCanary({ percent: 0 });
    expect(await where({ staff: "yes" })).toBe("green");
  });

  it("keeps every key on its side while the share grows, and on the way down [I13]", async () => {
    const desk = await staged();
    const shares: string[][] = [];
    for (const percent of [5, 20, 50, 100]) {
      await desk.setCanary({ percent, ...(await next(desk)) });
      shares.push(await keysOn(desk, "green"));
    }
    for (const [i, share] of shares.entries())
      expect(shares[i + 1] ?? keys).toEqual(expect.arrayContaining(share));
    expect(shares.map(({ length }) => length)).toEqual(
      [...shares.map(({ length }) => length)].sort((a, b) => a - b),
    );
    expect(shares.at(-1)).toHaveLength(keys.length);
    await desk.setCanary({ percent: 20 });
    expect(await keysOn(desk, "green")).toEqual(shares[1]);
  });

  it("makes production runs of the class canary until the flip, and live ones after it", async () => {
    const desk = await staged();
    await desk.setCanary({ percent: 0, include: staff, ...(await next(desk)) });
    const asStaff = () => scopeOf(desk, { key: "sam", labels: { staff: "yes" } });
    expect(await asStaff()).toMatchObject({ bundle: "green", class: "canary" });
    await desk.flip({ to: "green", ...(await next(desk)) });
    expect(await asStaff()).toMatchObject({ bundle: "green", class: "live" });
    expect((await desk.status()).route?.canary).toBeNull();
  });
});

describe("a holdback", () => {
  it("keeps a share on the stable bundle until settle, drawn apart from the canary's [I13]", async () => {
    const desk = await staged();
    await desk.setCanary({ percent: 50, ...(await next(desk)) });
    const canary = new Set(await keysOn(desk, "green"));
    await desk.flip({ to: "green", holdbackPercent: 50, ...(await next(desk)) });
    const held = await keysOn(desk, "blue");
    expect(held.length).toBeGreaterThan(120);
    expect(held.length).toBeLessThan(280);
    const [was, wasNot] = [held.filter((key) => canary.has(key)), held.filter((key) => !canary.has(key))];
    expect(Math.min(was.length, wasNot.length)).toBeGreaterThan(40);
    expect(await scopeOf(desk, { key: held[0]! })).toMatchObject({ bundle: "blue", class: "live" });
    await desk.settle(await next(desk));
    expect(await keysOn(desk, "green")).toHaveLength(keys.length);
  });

  it("gives way to an include of the next candidate, and to nothing else [I13]", async () => {
    const desk = await staged();
    await desk.flip({ to: "green", holdbackPercent: 50, ...(await next(desk)) });
    const [held, other] = [await keysOn(desk, "blue"), await keysOn(desk, "green")];
    await desk.stage({ bundle: "teal", ...(await next(desk)) });
    await desk.setCanary({ percent: 100, exclude: { keys: [other[0]!] }, ...(await next(desk)) });
    expect(await keysOn(desk, "blue")).toEqual(held);
    expect(await keysOn(desk, "green")).toEqual([other[0]]);
    await desk.setCanary({ percent: 100, include: { keys: [held[0]!] }, ...(await next(desk)) });
    expect(await scopeOf(desk, { key: held[0]! })).toMatchObject({ bundle: "teal", class: "canary" });
    expect(await keysOn(desk, "blue")).toEqual(held.slice(1));
  });
});
