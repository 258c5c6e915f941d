import { createHash } from "node:crypto";
import { type AuditEntry, agentKeys, type StoreEntry } from "@verdigris/contracts";
import {
  createStoreRouter,
  defaultPolicy,
  exportAudit,
  listAudit,
  type StoreRouter,
  verifyAudit,
} from "@verdigris/router";
import { createMemoryStore, type MemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore } from "@verdigris/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { ana, registerBundles } from "./world.ts";

const keys = agentKeys("agent");
let store: MemoryStore;
let router: StoreRouter;

beforeEach(async () => {
  const clock = createFakeClock();
  store = createMemoryStore({ clock });
  await registerBundles(store, keys, ["blue", "green"]);
  router = createStoreRouter({ agent: "agent", store, clock, watch: false });
  const open = { verb: "open", bundle: "blue", policy: defaultPolicy, incarnation: "one" } as const;
  await router.move({ move: open, actor: ana, reason: "first", expect: 0 });
  await router.move({ move: { verb: "flip", bundle: "green" }, actor: ana, reason: "better", expect: 1 });
  await router.move({ move: { verb: "rollback" }, actor: ana, reason: "worse" });
});

async function entryOf(generation: number): Promise<StoreEntry> {
  const entry = (await store.get([keys.audit(generation)])).entries[0];
  if (!entry) throw new Error(`no entry ${generation}`);
  return entry;
}

async function alter(generation: number, change: Partial<AuditEntry>): Promise<void> {
  const { key, rev, value } = await entryOf(generation);
  await store.commit([{ op: "put", key, rev, value: JSON.stringify({ ...JSON.parse(value), ...change }) }]);
}

describe("verifyAudit", () => {
  it("finds a whole chain whole and names its head [ROUTE-AUDIT]", async () => {
    const { route } = router.snapshot() ?? {};
    expect(await verifyAudit(store, "agent")).toEqual({
      ok: true,
      entries: 3,
      head: route?.audit,
      holes: [],
    });
  });

  it("finds nothing wrong with an agent that has made no move", async () => {
    expect(await verifyAudit(store, "nobody")).toEqual({
      ok: true,
      entries: 0,
      head: null,
      holes: [],
    });
  });

  it.each([1, 2, 3])("finds that entry %i was changed afterwards [ROUTE-AUDIT]", async (generation) => {
    await alter(generation, { actor: { kind: "person", id: "somebody else" } });
    expect(await verifyAudit(store, "agent")).toMatchObject({ ok: false, fault: "altered", generation });
  });

  it.each([1, 2, 3])("finds that entry %i was removed [ROUTE-AUDIT]", async (generation) => {
    const { key, rev } = await entryOf(generation);
    await store.commit([{ op: "del", key, rev }]);
    expect(await verifyAudit(store, "agent")).toMatchObject({ ok: false, fault: "missing", generation });
  });

  it("finds an entry that was added behind the route's back", async () => {
    await store.commit([
      {
        op: "put",
        key: keys.audit(4),
        rev: 0,
        value: JSON.stringify({ v: 1, generation: 4, previous: null }),
      },
    ]);
    expect(await verifyAudit(store, "agent")).toMatchObject({
      ok: false,
      fault: "beyond-route",
      generation: 4,
    });
  });

  it("finds an entry that was made to stand for another generation", async () => {
    await alter(2, { generation: 7 });
    expect(await verifyAudit(store, "agent")).toMatchObject({ ok: false, fault: "altered", generation: 2 });
  });

  it("finds an entry that is none, and leaves a later format to a later release", async () => {
    const { key, rev } = await entryOf(2);
    await store.commit([{ op: "put", key, rev, value: "{}" }]);
    expect(await verifyAudit(store, "agent")).toMatchObject({
      ok: false,
      fault: "unreadable",
      generation: 2,
    });
    await alter(2, { v: 2 });
    await expect(verifyAudit(store, "agent")).rejects.toMatchObject({ code: "record-too-new" });
  });

  it("does not take a move made meanwhile for a fault", async () => {
    const faulty = createFaultyStore(store);
    const gate = faulty.gate({ kind: "list" });
    const check = verifyAudit(faulty, "agent");
    await gate.reached;
    await router.move({ move: { verb: "flip", bundle: "green" }, actor: ana, reason: "again", expect: 3 });
    gate.open();
    expect(await check).toMatchObject({ ok: true, entries: 3 });
    expect(await verifyAudit(store, "agent")).toMatchObject({ ok: true, entries: 4 });
  });
});

describe("exportAudit", () => {
  const sha256 = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

  it("gives texts whose chain anybody can compute again, up to the head of the route [ROUTE-AUDIT]", async () => {
    const { head, lines } = await exportAudit(store, "agent");
    let previous: string | null = null;
    for (const { text, digest, entry } of lines) {
      expect(JSON.parse(text)).toEqual(entry);
      expect(entry.previous).toBe(previous);
      previous = sha256(text);
      expect(digest).toBe(previous);
    }
    expect([lines.length, head]).toEqual([3, previous]);
    expect(await exportAudit(store, "nobody")).toEqual({ head: null, lines: [] });
  });

  it.each([1, 2, 3])(
    "gives nothing when entry %i was changed or removed [ROUTE-AUDIT]",
    async (generation) => {
      await alter(generation, { reason: "another" });
      const refused = { code: "audit-tampered", details: { agent: "agent", generation, fault: "altered" } };
      await expect(exportAudit(store, "agent")).rejects.toMatchObject(refused);
      const { key, rev } = await entryOf(generation);
      await store.commit([{ op: "del", key, rev }]);
      const missing = { code: "audit-tampered", details: { generation, fault: "missing" } };
      await expect(exportAudit(store, "agent")).rejects.toMatchObject(missing);
    },
  );
});

describe("listAudit", () => {
  it("pages through the moves, oldest first, with who, why and when", async () => {
    const [first, ...more] = await listAudit(store, "agent", { limit: 2 });
    expect(first).toMatchObject({ entry: { verb: "open", actor: ana, reason: "first", previous: null } });
    expect(more[0]?.entry.previous).toBe(first?.digest);
    const rest = await listAudit(store, "agent", { after: 2 });
    expect(rest.map(({ entry }) => entry.verb)).toEqual(["rollback"]);
    expect(await listAudit(store, "agent", { after: 3 })).toEqual([]);
  });

  it("refuses a generation that cannot be one", async () => {
    await expect(listAudit(store, "agent", { after: -1 })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });
});
