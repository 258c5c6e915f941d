import { type Actor, agentKeys, type Bundle } from "@verdigris/contracts";
import { createMemoryStore, type MemoryStore } from "@verdigris/store-memory";
import { createFakeClock, type FakeClock } from "@verdigris/testing";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type Authorize,
  createVerdigris,
  defineBundle,
  type Verb,
  type Verdigris,
  type VerdigrisOptions,
} from "../src/index.ts";

let clock: FakeClock;
let store: MemoryStore;

beforeEach(() => {
  clock = createFakeClock();
  store = createMemoryStore({ clock });
});

function bundle(id: string): Bundle {
  return defineBundle({ id, code: { commit: "c0ffee", build: `sha256:${"0".repeat(64)}` } });
}

function open(options: Partial<VerdigrisOptions<undefined>> = {}): Verdigris {
  return createVerdigris({
    agent: "agent",
    store,
    clock,
    watch: false,
    sweepMs: "never",
    bundle: bundle("blue"),
    actor: "ana",
    ...options,
  });
}

async function notices(): Promise<Record<string, unknown>[]> {
  const { entries } = await store.list(`${agentKeys("agent").prefix}notice/`, { limit: 100 });
  return entries.map(({ value }) => JSON.parse(value));
}

describe("authorize", () => {
  it("is asked for every verb, with who, what and on which generation [AUTHORITY-CLOSED]", async () => {
    const asked: [string, Verb, number, string | null][] = [];
    const authorize: Authorize = (actor, verb, { generation, bundle: of }) => {
      asked.push([actor.id, verb, generation, of]);
      return true;
    };
    const agent = open({ authorize });
    await agent.ready();
    await agent.register(bundle("green"));
    await agent.stage({ bundle: "green", reason: "r", expect: 1 });
    await agent.setCanary({ percent: 5, reason: "r", expect: 2 });
    const preview = await agent.start({ bundle: "green" });
    if (preview.placed) await preview.run.finish({ outcome: "completed" });
    await agent.flip({ to: "green", reason: "r", expect: 3 });
    await agent.hold({ reason: "look" });
    await agent.release({ reason: "fine", expect: 5 });
    await agent.settle({ reason: "r", expect: 6 });
    await agent.recycle("blue", { reason: "r" });
    await agent.drop();
    await agent.rollback();
    expect(asked).toEqual([
      ["ana", "open", 0, "blue"],
      ["ana", "register", 1, "green"],
      ["ana", "stage", 1, "green"],
      ["ana", "setCanary", 2, null],
      ["ana", "start-named", 3, "green"],
      ["ana", "flip", 3, "green"],
      ["ana", "hold", 4, null],
      ["ana", "release", 5, null],
      ["ana", "settle", 6, null],
      ["ana", "recycle", 7, "blue"],
      ["ana", "drop", 9, null],
      ["ana", "rollback", 9, null],
    ]);
  });

  const refusing: [string, Authorize, string][] = [
    ["says no", () => false, "authorize refused"],
    ["says no and why", () => ({ allowed: false, why: "not on call" }), "not on call"],
    ["answers with something that is no yes", () => "yes" as never, "authorize refused"],
    ["answers with nothing", () => undefined as never, "authorize refused"],
    ["throws", () => Promise.reject(new Error("ldap is down")), "authorize threw"],
  ];

  it.each(refusing)(
    "that %s refuses, and nothing is changed [AUTHORITY-CLOSED]",
    async (_, authorize, why) => {
      await open().ready();
      const agent = open({ authorize });
      await expect(agent.rollback()).rejects.toMatchObject({
        code: "not-authorized",
        details: { verb: "rollback", why },
      });
      await expect(agent.register(bundle("green"))).rejects.toMatchObject({ code: "not-authorized" });
      await expect(agent.start({ bundle: "blue" })).rejects.toMatchObject({ code: "not-authorized" });
      expect((await open().status()).generation).toBe(1);
      expect((await store.get([agentKeys("agent").bundle("green")])).entries).toEqual([null]);
      expect((await store.list(agentKeys("agent").pins, { limit: 10 })).entries).toEqual([]);
    },
  );

  it("that hangs refuses in bounded time and leaves no timer behind [AUTHORITY-CLOSED]", async () => {
    const agent = open({ authorize: () => new Promise(() => {}) });
    const answer = expect(agent.ready()).rejects.toMatchObject({
      code: "not-authorized",
      details: { verb: "open" },
    });
    await clock.advance(5_000);
    await answer;
    expect(clock.pending).toBe(0);
    expect((await store.get([agentKeys("agent").route])).entries).toEqual([null]);
  });

  it("passes on what it threw as the cause", async () => {
    const cause = new Error("ldap is down");
    await open().ready();
    await expect(open({ authorize: () => Promise.reject(cause) }).rollback()).rejects.toMatchObject({
      cause,
    });
  });

  it("leaves runs of the route's own choosing alone", async () => {
    await open().ready();
    const agent = open({ authorize: () => false });
    await expect(agent.run({}, (run) => run.bundle.id)).resolves.toBe("blue");
  });
});

describe("a refusal", () => {
  it("goes on record apart from the route, ten a minute, the rest counted [AUTHORITY-RECORDED]", async () => {
    await open().ready();
    const agent = open({ authorize: () => ({ allowed: false, why: "freeze" }) });
    const before = (await store.get([agentKeys("agent").route])).entries[0]?.rev;
    for (let n = 0; n < 14; n++) await agent.rollback({ reason: "now" }).catch(() => {});
    expect(await notices()).toHaveLength(10);
    await clock.advance(60_000);
    await agent.rollback({ reason: "now" }).catch(() => {});
    const last = (await notices()).at(-1);
    expect(last).toMatchObject({
      v: 1,
      kind: "refused",
      verb: "rollback",
      why: "freeze",
      suppressed: 4,
      actor: { id: "ana" },
    });
    expect((await store.get([agentKeys("agent").route])).entries[0]?.rev).toBe(before);
  });
});

describe("what is on record beside the audit", () => {
  it("is read a page at a time: who was refused what, and who named a bundle [AUTHORITY-RECORDED]", async () => {
    let allowed = true;
    const agent = open({ authorize: () => allowed });
    const preview = await agent.start({ bundle: "blue" });
    allowed = false;
    await clock.advance(1);
    await agent.rollback({ reason: "first" }).catch(() => {});
    await clock.advance(1);
    await agent.rollback({ reason: "second" }).catch(() => {});
    const [first, ...rest] = await agent.notices({ limit: 2 });
    expect(first?.notice).toMatchObject({
      kind: "named-start",
      bundle: "blue",
      class: "preview",
      run: preview.placed ? preview.run.scope.run : "",
    });
    expect(rest.map(({ notice }) => notice)).toMatchObject([
      { kind: "refused", verb: "rollback", reason: "first", actor: { id: "ana", selfDeclared: true } },
    ]);
    const last = await agent.notices({ after: rest[0]?.id ?? "" });
    expect(last.map(({ notice, at }) => [notice, at])).toMatchObject([
      [{ reason: "second" }, (rest[0]?.at ?? 0) + 1],
    ]);
    expect(await agent.notices({ after: last[0]?.id ?? "" })).toEqual([]);
    for (const options of [{ after: "x" }, { limit: 0 }, { limit: 1_001 }])
      await expect(agent.notices(options)).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("is nothing without a store", async () => {
    const agent = createVerdigris({ agent: "agent", bundle: bundle("blue") });
    await expect(agent.notices()).rejects.toMatchObject({ code: "store-lacks-capability" });
    await expect(agent.exportAudit()).rejects.toMatchObject({ code: "store-lacks-capability" });
  });
});

describe("the actor of a verb", () => {
  const auditOf = async (agent: Verdigris): Promise<Actor | undefined> =>
    (await agent.audit()).at(-1)?.entry.actor;

  it("is the caller's own word, and marked so [AUTHORITY-RECORDED]", async () => {
    const agent = open();
    await agent.ready();
    expect(await auditOf(agent)).toEqual({ kind: "person", id: "ana", selfDeclared: true });
    await agent.hold({ reason: "look", actor: { kind: "machine", id: "detector" } });
    expect(await auditOf(agent)).toEqual({ kind: "machine", id: "detector", selfDeclared: true });
  });

  it("is the host's word where it gives one, and nobody may claim another", async () => {
    const agent = open({ identity: async () => ({ kind: "person", id: "sso:bo" }) });
    await agent.ready();
    expect(await auditOf(agent)).toEqual({ kind: "person", id: "sso:bo" });
    await expect(agent.hold({ reason: "look", actor: "ana" })).rejects.toMatchObject({
      code: "invalid-argument",
      details: { argument: "actor" },
    });
  });

  it("is no more than kind and id of what the identity hook gives: a session's rest stays off the record", async () => {
    const session = { kind: "person", id: "sso:bo", selfDeclared: true, token: "secret" } as const;
    const agent = open({ identity: () => session });
    await agent.ready();
    const [line] = await agent.audit();
    expect(line?.entry.actor).toEqual({ kind: "person", id: "sso:bo" });
  });

  it("is nobody when the identity hook throws, and nobody may do nothing [AUTHORITY-CLOSED]", async () => {
    await open().ready();
    const agent = open({ identity: () => Promise.reject(new Error("no session")) });
    await expect(agent.rollback()).rejects.toMatchObject({ code: "not-authorized" });
  });

  it("is a machine when nobody says anything, so that it cannot release what a person holds", async () => {
    const agent = open();
    await agent.hold({ reason: "wait" });
    const { actor: _, ...anonymous } = { actor: undefined };
    const other = createVerdigris({
      agent: "agent",
      store,
      clock,
      watch: false,
      sweepMs: "never",
      ...anonymous,
    });
    await expect(other.release({ reason: "go", expect: 2 })).rejects.toMatchObject({
      code: "move-refused",
      details: { refusal: "held-by-person" },
    });
  });
});

it("verifyAudit finds an entry that was tampered with", async () => {
  const agent = open();
  await agent.hold({ reason: "look" });
  expect(await agent.verifyAudit()).toMatchObject({ ok: true, entries: 2 });
  const key = agentKeys("agent").audit(1);
  const entry = (await store.get([key])).entries[0];
  await store.commit([
    { op: "put", key, rev: entry?.rev ?? 0, value: `${entry?.value.replace("ana", "bob")}` },
  ]);
  expect(await agent.verifyAudit()).toMatchObject({ ok: false, fault: "altered", generation: 1 });
});
