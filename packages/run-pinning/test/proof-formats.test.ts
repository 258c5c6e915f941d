import { readFileSync } from "node:fs";
import type { PinPointer, PinRecord, Route, RouteMove, Store } from "@verdigris/contracts";
import { formatToken, type Run } from "@verdigris/run-pinning";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock, type FakeClock } from "@verdigris/testing";
import { describe, expect, it } from "vitest";
import { ana, createProcess, type Pipeline, type Process } from "./proof/process.ts";

type Records = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function fixture(name: string): Records {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), "utf8")) as Records;
}

const v1 = fixture("records-v1");
const v2 = fixture("records-v2");
const facts = { actor: ana, reason: "proof" };

interface World {
  readonly clock: FakeClock;
  readonly store: Store;
  readonly process: Process;
  read<T>(key: string): Promise<T | null>;
}

async function put(store: Store, records: Records): Promise<void> {
  for (const [key, record] of Object.entries(records)) {
    const { entries } = await store.get([key]);
    await store.commit([{ op: "put", key, rev: entries[0]?.rev ?? 0, value: JSON.stringify(record) }]);
  }
}

async function world(...records: readonly Records[]): Promise<World> {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  for (const some of records) await put(store, some);
  const process = createProcess({ store, clock, name: "p" });
  return {
    clock,
    store,
    process,
    read: async <T>(key: string) => {
      const entry = (await store.get([key])).entries[0] ?? null;
      return entry === null ? null : (JSON.parse(entry.value) as T);
    },
  };
}

function pick(records: Records, part: string): Records {
  return Object.fromEntries(Object.entries(records).filter(([key]) => key.startsWith(`agent/${part}`)));
}

async function tokenOf(store: Store, run: string): Promise<string> {
  const { entries } = await store.list("agent/pin/", { limit: 10 });
  const entry = entries.find(({ key }) => key.endsWith(`/${run}`));
  if (entry === undefined) throw new Error(`no pin of ${run}`);
  return formatToken("agent", JSON.parse(entry.value) as PinRecord, entry.rev);
}

async function resume({ store, process }: World, run: string): Promise<Run<Pipeline>> {
  return process.pinning.resume(await tokenOf(store, run));
}

async function pinOf(store: Store, run: string): Promise<PinRecord & { readonly later?: unknown }> {
  const { entries } = await store.list("agent/pin/", { limit: 10 });
  const entry = entries.find(({ key }) => key.endsWith(`/${run}`));
  return JSON.parse(entry?.value ?? "null") as PinRecord;
}

describe("fields a later release added within this format", () => {
  const moves: readonly RouteMove[] = [
    { verb: "setCanary", percent: 5 },
    { verb: "setCanary", percent: 20 },
    { verb: "hold", why: "proof" },
    { verb: "release" },
    { verb: "flip", bundle: "amber", policy: { maxAgeMs: 7_200_000 } },
    { verb: "rollback" },
    { verb: "stage", bundle: "violet" },
    { verb: "drop" },
    { verb: "seal", bundle: "blue" },
    { verb: "unseal", bundle: "blue" },
  ];

  it("survive every move of the route [FORMAT-UNKNOWN-FIELDS]", async () => {
    const { process, read } = await world(v1);
    await process.router.refresh();
    for (const move of moves) {
      expect(await process.move(move)).toMatchObject({ outcome: "moved" });
      const route = await read<Route & { readonly later: unknown }>("agent/route");
      expect(route).toMatchObject({ later: { deep: ["route"] }, policy: { later: "policy" } });
      expect(route?.retiring.find(({ bundle }) => bundle === "blue")).toMatchObject({ later: "retiring" });
      expect(route?.recent.find(({ requestId }) => requestId === "r5")).toMatchObject({ later: "recent" });
      if (route?.canary !== null) expect(route?.canary).toMatchObject({ later: "canary" });
    }
    expect(await process.pinning.recycle("blue", facts)).toMatchObject({ recycled: true });
    expect(await read("agent/route")).toMatchObject({ later: { deep: ["route"] } });
    expect(await read("agent/bundle/blue")).toMatchObject({ later: "bundle", recycled: expect.any(Number) });
  });

  it("survive a resume, an extension and a migration of a run [FORMAT-UNKNOWN-FIELDS]", async () => {
    const w = await world(v1);
    const run = await resume(w, "old-1");
    expect(await pinOf(w.store, "old-1")).toMatchObject({ epoch: 2, later: { deep: ["pin"] } });
    await run.extend(60_000);
    expect(await pinOf(w.store, "old-1")).toMatchObject({
      later: { deep: ["pin"] },
      labels: { tenant: "acme" },
    });
    await run.migrate({ to: "amber", reason: "proof" });
    expect(await pinOf(w.store, "old-1")).toMatchObject({ bundle: "amber", later: { deep: ["pin"] } });
    expect(await w.read("agent/claim/job")).toMatchObject({ later: "claim" });
    expect(await run.finish({ outcome: "completed" })).toBe("finished");
    expect(await w.read("agent/claim/job")).toBeNull();
  });

  it("survive in the pointer to a run that moves again [FORMAT-UNKNOWN-FIELDS]", async () => {
    const w = await world(v1);
    const run = await resume(w, "old-2");
    await run.extend(60_000);
    const pointer = await w.read<PinPointer>("agent/moved/old-2");
    expect(pointer).toMatchObject({ later: "moved", pin: expect.stringContaining(String(run.deadline)) });
    await run.extend(60_000);
    expect(await w.read("agent/moved/old-2")).toMatchObject({ later: "moved" });
  });
});

describe("records of a later format", () => {
  const newRoute = pick(v2, "route");

  it("shut this release out of starts, moves and reports where the route is one [FORMAT-TOO-NEW]", async () => {
    const { process, read } = await world(v1, newRoute);
    const tooNew = { code: "record-too-new" };
    await expect(process.pinning.start()).rejects.toMatchObject(tooNew);
    await expect(process.router.refresh()).rejects.toMatchObject(tooNew);
    await expect(process.move({ verb: "flip", bundle: "amber" }, { expect: 6 })).rejects.toMatchObject(
      tooNew,
    );
    await expect(process.move({ verb: "rollback" })).rejects.toMatchObject(tooNew);
    expect((await process.pinning.drainReport("blue")).status).toBe("unknown");
    expect(await process.pinning.canRecycle("blue")).toMatchObject({
      ok: false,
      blockers: [{ code: "unknown" }],
    });
    expect(await process.pinning.recycle("blue", facts)).toMatchObject({ recycled: false });
    expect(await read("agent/route")).toEqual(newRoute["agent/route"]);
  });

  it("are not taken up, not swept and not recycled over where a pin is one [FORMAT-TOO-NEW]", async () => {
    const w = await world(v1, pick(v2, "pin"));
    const { process, clock } = w;
    const [key = ""] = Object.keys(pick(v2, "pin"));
    const deadline = Number(key.split("/")[3]);
    const token = `vg1/agent/green/${deadline}/new-1/1/1`;
    await expect(process.pinning.resume(token, { takeover: true })).rejects.toMatchObject({
      code: "record-too-new",
    });
    await expect(process.pinning.start({ parent: token })).rejects.toMatchObject({ code: "record-too-new" });
    await process.router.refresh();
    await process.move({ verb: "flip", bundle: "amber" });
    await process.move({ verb: "settle" });
    expect(await process.pinning.recycle("green", facts)).toMatchObject({ recycled: false });
    expect((await w.read<Route>("agent/route"))?.sealed).toEqual([]);
    await clock.advance(700_000);
    expect(await process.pinning.sweep()).toBe(2);
    expect(await w.read(key)).toEqual(v2[key]);
  });

  it("are not redelivered and not flipped to where a claim or a bundle is one [FORMAT-TOO-NEW]", async () => {
    const { process } = await world(v1, pick(v2, "claim"), pick(v2, "bundle"));
    await process.router.refresh();
    await expect(process.pinning.start({ id: "new-job" })).rejects.toMatchObject({ code: "record-too-new" });
    await expect(process.move({ verb: "flip", bundle: "violet", supersede: true })).rejects.toMatchObject({
      code: "record-too-new",
    });
  });

  it("let an older process end what it holds when the writer comes second [FORMAT-TOO-NEW]", async () => {
    const w = await world(v1);
    const run = await resume(w, "old-1");
    const other = await resume(w, "old-2");
    const started = await w.process.pinning.start();
    await put(w.store, newRoute);
    await expect(w.process.pinning.start()).rejects.toMatchObject({ code: "record-too-new" });
    await expect(run.migrate({ to: "amber", reason: "proof" })).rejects.toMatchObject({
      code: "record-too-new",
    });
    expect(await other.step("s", ({ pipeline }) => pipeline.bundle.id)).toBe("green");
    for (const held of [run, other, started.placed ? started.run : null])
      expect(await held?.finish({ outcome: "completed" })).toBe("finished");
    expect((await w.store.list("agent/pin/", { limit: 10 })).entries).toEqual([]);
  });

  it("keep an older process out from the beginning when the writer comes first [FORMAT-TOO-NEW]", async () => {
    const w = await world(v1, v2);
    await expect(w.process.pinning.start()).rejects.toMatchObject({ code: "record-too-new" });
    expect(w.process.router.snapshot()).toBeNull();
    // A run of the older format needs no route to be ended.
    expect(await (await resume(w, "old-2")).finish({ outcome: "completed" })).toBe("finished");
    await w.clock.advance(700_000);
    expect(await w.process.pinning.sweep()).toBe(1);
    for (const [key, record] of Object.entries(v2)) expect(await w.read(key)).toEqual(record);
  });
});
