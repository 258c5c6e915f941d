import { fileURLToPath } from "node:url";
import type { AuditEntry, Bundle, Route, VersionedRecord } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeClock } from "@verdigris/testing";
import type { Verdigris } from "verdigris";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

type Release = typeof import("verdigris");

const versionFile = fileURLToPath(new URL("../../contracts/src/version.ts", import.meta.url));
const [blue, green] = [aBundle("blue"), aBundle("green")];

/** Another copy of everything, as a release would be whose latest format this is. */
async function releaseReading(recordVersion: number): Promise<Release> {
  vi.resetModules();
  vi.doMock(versionFile, async (original) => ({ ...(await original<object>()), recordVersion }));
  return import("verdigris");
}

let older: Release;
let later: Release;
beforeAll(async () => {
  older = await releaseReading(1);
  later = await releaseReading(2);
});
afterAll(() => {
  vi.doUnmock(versionFile);
  vi.resetModules();
});

function createFleet() {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const open = ({ createVerdigris }: Release, name: string | null): Verdigris =>
    createVerdigris({
      agent: "agent",
      store,
      bundle: blue,
      clock,
      actor: "ana",
      sweepMs: "never",
      node: name === null ? false : { name },
    });
  const records = async (): Promise<readonly { key: string; v: number }[]> =>
    (await store.list("agent/", { limit: 100 })).entries.map(({ key, value }) => ({
      key,
      v: (JSON.parse(value) as VersionedRecord).v,
    }));
  const formatOf = async (part: string): Promise<number[]> =>
    (await records()).filter(({ key }) => key.startsWith(`agent/${part}`)).map(({ v }) => v);
  return { clock, store, open, records, formatOf };
}

async function mustStart(verdigris: Verdigris, options: { id?: string; bundle?: string } = {}) {
  const started = await verdigris.start(options);
  if (!started.placed) throw new Error("not placed");
  return started.run;
}

async function facts(verdigris: Verdigris) {
  return { reason: "the fleet is upgraded", expect: (await verdigris.status()).generation };
}

async function flipTo(verdigris: Verdigris, bundle: Bundle): Promise<void> {
  await verdigris.register(bundle);
  await verdigris.flip({ to: bundle.id, supersede: true, ...(await facts(verdigris)) });
}

const tooNew = { code: "record-too-new" };

describe("a fleet with processes of two releases", () => {
  it("works together in the older format, whoever comes first, until it is raised [FORMAT-RAISED]", async () => {
    for (const [first, second] of [
      [older, later],
      [later, older],
    ] as const) {
      const { open, records, clock } = createFleet();
      const [one, two] = [open(first, "one"), open(second, "two")];
      await one.ready();
      await two.ready();
      const runs = [
        await mustStart(one, { id: "job-1" }),
        await mustStart(two, { id: "job-2", bundle: "blue" }),
      ];
      await flipTo(two, green);
      await one.rollback();
      await clock.advance(2_000);
      for (const [n, other] of [two, one].entries()) {
        const taken = await other.resume(runs[n]?.token ?? "", { takeover: true });
        await taken.extend(60_000);
      }
      expect(new Set((await records()).map(({ v }) => v))).toEqual(new Set([1]));
      expect((await one.nodes()).map(({ readable }) => readable)).toEqual([true, true]);
      await one.close();
      await two.close();
    }
  });

  it("is named by a raise, which is refused while it would shut a node out [FORMAT-RAISED]", async () => {
    const { open, formatOf, clock } = createFleet();
    const [old, now] = [open(older, "pod-7"), open(later, "pod-8")];
    await old.ready();
    await now.ready();
    await expect(now.raiseFormat(await facts(now))).rejects.toMatchObject({
      code: "move-refused",
      details: { refusal: "nodes-shut-out", nodes: ["pod-7"] },
    });
    expect(await formatOf("route")).toEqual([1]);
    await old.close();
    await clock.advance(0);
    expect(await now.raiseFormat(await facts(now))).toMatchObject({ outcome: "moved", unverified: false });
    expect(await formatOf("route")).toEqual([2]);
  });

  it("shuts a node out when forced by a person who says why, and the audit names it [FORMAT-RAISED] [FORMAT-TOO-NEW]", async () => {
    const { open, clock } = createFleet();
    const [old, now] = [open(older, "pod-7"), open(later, "pod-8")];
    const held = await mustStart(old);
    await now.ready();
    const machine = { kind: "machine", id: "deployer" } as const;
    const forced = { ...(await facts(now)), force: true };
    const wrong = { code: "invalid-argument" };
    await expect(now.raiseFormat({ ...forced, actor: machine })).rejects.toMatchObject(wrong);
    await expect(now.raiseFormat({ ...forced, reason: " " })).rejects.toMatchObject(wrong);
    expect(await now.raiseFormat(forced)).toMatchObject({ outcome: "moved", generation: 2 });
    const [node] = (await now.nodes()).filter(({ name }) => name === "pod-7");
    expect((await now.audit()).at(-1)?.entry).toMatchObject({ verb: "raiseFormat", shutOut: [node?.id] });
    await expect(old.start()).rejects.toMatchObject(tooNew);
    await expect(old.rollback()).rejects.toMatchObject(tooNew);
    await expect(old.flip({ to: "green", expect: 1, reason: "r" })).rejects.toMatchObject(tooNew);
    await clock.advance(6_000);
    expect(old.mode()).toBe("closed");
    await expect(old.start()).rejects.toMatchObject(tooNew);
    // What it holds is in a format it knows.
    expect(await held.step("answer", ({ scope }) => scope.bundle)).toBe("blue");
    expect(await held.finish({ outcome: "completed" })).toBe("finished");
  });

  it("is not known where no process keeps a record, and the raise says so [FORMAT-RAISED]", async () => {
    const { open } = createFleet();
    const now = open(later, null);
    await now.ready();
    expect(await now.raiseFormat(await facts(now))).toMatchObject({ outcome: "moved", unverified: true });
  });

  it("does not count a node that is gone, which may come back and gets record-too-new [FORMAT-RAISED]", async () => {
    const { open, clock, store } = createFleet();
    const old = open(older, "pod-7");
    await old.ready();
    const { value } = (await store.list("agent/node/", { limit: 1 })).entries[0]!;
    await old.close();
    await store.commit([{ op: "put", key: "agent/node/gone", rev: 0, value }]);
    await clock.advance(15_000);
    const now = open(later, "pod-8");
    await now.ready();
    expect(await now.raiseFormat(await facts(now))).toMatchObject({ outcome: "moved" });
    await expect(open(older, "pod-7").start()).rejects.toMatchObject(tooNew);
  });
});

describe("a format that was raised", () => {
  it("is what every record is written in from then on, and older ones stay readable [FORMAT-RAISED]", async () => {
    const { open, records, formatOf, store, clock } = createFleet();
    const now = open(later, "pod-8");
    const before = await mustStart(now, { id: "job-1" });
    const at = (await records()).map(({ key }) => key);
    await now.raiseFormat(await facts(now));
    await clock.advance(0);
    await flipTo(now, green);
    await mustStart(now, { id: "job-2" });
    await mustStart(now, { bundle: "blue" });
    const since = (await records()).filter(({ key }) => !at.includes(key));
    expect(new Set(since.map(({ key }) => key.split("/")[1]))).toEqual(
      new Set(["audit", "bundle", "claim", "index", "notice", "pin"]),
    );
    expect(since.filter(({ v }) => v !== 2)).toEqual([]);
    expect([...(await formatOf("route")), ...(await formatOf("node"))]).toEqual([2, 2]);
    const resumed = await now.resume(before.token ?? "", { takeover: true });
    expect(await resumed.finish({ outcome: "completed" })).toBe("finished");
    expect((await now.verifyAudit()).ok).toBe(true);
    const { value } = (await store.get(["agent/audit/0000000002"])).entries[0]!;
    expect(JSON.parse(value)).toMatchObject({ v: 2, verb: "raiseFormat" } satisfies Partial<AuditEntry>);
  });

  it("never goes down: not by another raise, not by a move, not by a reanchor [FORMAT-RAISED]", async () => {
    const { open, store } = createFleet();
    const now = open(later, "pod-8");
    await now.ready();
    const old = (await store.get(["agent/route"])).entries[0]!;
    expect(await now.raiseFormat(await facts(now))).toMatchObject({ outcome: "moved", generation: 2 });
    expect(await now.raiseFormat(await facts(now))).toMatchObject({ outcome: "unchanged", generation: 2 });
    expect(await now.raiseFormat({ to: 1, ...(await facts(now)) })).toMatchObject({ outcome: "unchanged" });
    await expect(now.raiseFormat({ to: 3, ...(await facts(now)) })).rejects.toMatchObject({
      code: "invalid-argument",
    });
    const { rev } = (await store.get(["agent/route"])).entries[0]!;
    await store.commit([{ op: "put", key: "agent/route", rev, value: old.value }]);
    await now.reanchor({ live: "blue", expect: 1, reason: "restored" });
    const { value } = (await store.get(["agent/route"])).entries[0]!;
    expect(JSON.parse(value)).toMatchObject({ v: 2, generation: 3 } satisfies Partial<Route>);
  });

  it("waits for a hold to be released, like every move forward [ROUTE-HOLD]", async () => {
    const { open } = createFleet();
    const now = open(later, "pod-8");
    await now.hold({ reason: "an incident" });
    await expect(now.raiseFormat(await facts(now))).rejects.toMatchObject({ code: "route-held" });
  });
});
