import type { ResolveContent } from "@verdigris/bundle";
import { agentKeys, type Bundle } from "@verdigris/contracts";
import { createMemoryStore, type MemoryStore } from "@verdigris/store-memory";
import { createFakeClock, type FakeClock } from "@verdigris/testing";
import { beforeEach, describe, expect, it } from "vitest";
import {
  createVerdigris,
  defineBundle,
  type Identity,
  type Verdigris,
  type VerdigrisOptions,
} from "../src/index.ts";

type Pipeline = { readonly system: string };

const keys = agentKeys("agent");
const text = "be brief. ".repeat(2_500);
let clock: FakeClock;
let store: MemoryStore;

beforeEach(() => {
  clock = createFakeClock();
  store = createMemoryStore({ clock });
});

const blue: Bundle = defineBundle({
  id: "blue",
  code: { commit: "c0ffee", build: `sha256:${"0".repeat(64)}` },
  prompts: { system: { version: "1", text } },
});

function open(options: Partial<VerdigrisOptions<Pipeline>> = {}): Verdigris<Pipeline> {
  return createVerdigris<Pipeline>({
    agent: "agent",
    store,
    clock,
    watch: false,
    sweepMs: "never",
    bundle: blue,
    actor: "ana",
    load: async (_, content) => ({ system: await content.prompt("system") }),
    ...options,
  });
}

/** Everything that is stored, as text: equal before and after means that nothing was written. */
async function stored(): Promise<string> {
  return JSON.stringify((await store.list(keys.prefix, { limit: 1_000 })).entries);
}

async function rewrite(prefix: string, change: (value: string) => string | null): Promise<void> {
  const { entries } = await store.list(prefix, { limit: 1 });
  for (const { key, rev, value } of entries) {
    const next = change(value);
    await store.commit([next === null ? { op: "del", key, rev } : { op: "put", key, rev, value: next }]);
  }
}

const never = (): Promise<never> => new Promise(() => {});

/** Opens the route on blue, with its text in the store where the case says so. */
async function ship(contents?: readonly string[]): Promise<void> {
  const shipping = open({ load: async () => ({ system: "" }) });
  await shipping.ready();
  if (contents !== undefined) await shipping.register(blue, { contents });
  await shipping.close();
}

/** A start that is refused, however long its load takes, with nothing written and no timer left. */
async function refusedStart(agent: Verdigris<Pipeline>, code: string): Promise<void> {
  const before = await stored();
  const refused = expect(agent.start({ id: "job-1" })).rejects.toMatchObject({
    code: "pipeline-load-failed",
    details: { bundle: "blue" },
    cause: { code },
  });
  await clock.advance(10_000);
  await refused;
  expect(await stored()).toBe(before);
  expect(clock.pending).toBe(0);
}

const served = (agent: Verdigris<Pipeline>): Promise<string> =>
  agent.run({ id: "job-1" }, (run) => run.step("answer", ({ pipeline }) => pipeline.system));

describe("contents in the store", () => {
  it.each<readonly [string, () => Promise<void>, string]>([
    ["a blob that is missing", () => rewrite(keys.blob(""), () => null), "content-missing"],
    ["a blob without its chunks", () => rewrite(keys.chunks(), () => null), "digest-mismatch"],
    [
      "a blob with another text",
      () => rewrite(keys.chunks(), (value) => value.replace("brief", "quick")),
      "digest-mismatch",
    ],
    ["a blob with a chunk that is no record", () => rewrite(keys.chunks(), () => "["), "record-corrupt"],
  ])(
    "%s: a named error, no run on record, and served once it is registered again [CONTENT-CHECKED]",
    async (_, damage, code) => {
      await ship([text]);
      await damage();
      const agent = open();
      await refusedStart(agent, code);
      await open().register(blue, { contents: [text] });
      expect(await served(agent)).toBe(text);
    },
  );
});

describe("contents of a resolver", () => {
  it.each<readonly [string, ResolveContent, string]>([
    ["a resolver that has it not", () => null, "content-missing"],
    ["a resolver with another text", () => "be long", "digest-mismatch"],
    ["a resolver that throws", () => Promise.reject(new Error("503")), "content-unresolved"],
    ["a resolver that hangs", never, "content-unresolved"],
    ["a resolver that gives no text", () => 7 as never, "content-unresolved"],
  ])(
    "%s: a named error, no run on record, and served once it is mended [CONTENT-CHECKED]",
    async (_, resolve, code) => {
      await ship();
      let answer = resolve;
      const agent = open({ resolve: (...asked) => answer(...asked) });
      await refusedStart(agent, code);
      answer = () => text;
      expect(await served(agent)).toBe(text);
    },
  );
});

describe("an audit entry that was tampered with", () => {
  const forge = (): Promise<void> =>
    rewrite(`${keys.prefix}audit/`, (value) => value.replace('"ana"', '"bob"'));

  it("is a named fault of the check and a named error of the export, which gives nothing [ROUTE-AUDIT]", async () => {
    const agent = open({ contents: [text] });
    await agent.hold({ reason: "look" });
    await forge();
    const before = await stored();
    expect(await agent.verifyAudit()).toMatchObject({ ok: false, fault: "altered", generation: 1 });
    await expect(agent.exportAudit()).rejects.toMatchObject({
      code: "audit-tampered",
      details: { agent: "agent", fault: "altered", generation: 1 },
    });
    expect(await stored()).toBe(before);
  });

  it("is found where it is the last one too, which only the route vouches for [ROUTE-AUDIT]", async () => {
    const agent = open({ contents: [text] });
    await agent.ready();
    await forge();
    expect(await agent.verifyAudit()).toMatchObject({ ok: false, fault: "altered", generation: 1 });
    await expect(agent.exportAudit()).rejects.toMatchObject({ code: "audit-tampered" });
  });

  it("keeps nobody from starting runs and going back", async () => {
    const agent = open({ contents: [text] });
    await agent.ready();
    await forge();
    expect(await agent.run({}, (run) => run.bundle.id)).toBe("blue");
    expect((await agent.rollback()).outcome).toBe("unchanged");
  });
});

describe("a hook", () => {
  const identityThat = (identity: unknown): Partial<VerdigrisOptions<Pipeline>> => ({
    identity: identity as Identity,
  });

  it.each<readonly [string, Partial<VerdigrisOptions<Pipeline>>, string]>([
    ["authorize that hangs", { authorize: never }, "authorize did not answer within 5000 ms"],
    [
      "authorize that throws",
      {
        authorize: () => {
          throw new Error("ldap is down");
        },
      },
      "authorize threw",
    ],
    ["identity that hangs", identityThat(never), "the identity hook did not answer within 5000 ms"],
    ["identity that names nobody", identityThat(() => undefined), "the identity hook named no actor"],
    [
      "identity that names no id",
      identityThat(() => ({ kind: "person", id: "" })),
      "the identity hook named no actor",
    ],
    [
      "identity that names a kind of its own",
      identityThat(() => ({ kind: "root", id: "ana" })),
      "the identity hook named no actor",
    ],
  ])(
    "%s refuses every verb in bounded time, and the route stays [AUTHORITY-CLOSED]",
    async (_, hook, why) => {
      await ship([text]);
      const agent = createVerdigris({
        agent: "agent",
        store,
        clock,
        watch: false,
        sweepMs: "never",
        ...hook,
      });
      const verbs: readonly (() => Promise<unknown>)[] = [
        () => agent.rollback(),
        () => agent.drop(),
        () => agent.hold({ reason: "look" }),
        () => agent.flip({ to: "blue", reason: "r", expect: 1 }),
        () => agent.register(blue),
      ];
      const route = (await store.get([keys.route])).entries[0];
      for (const verb of verbs) {
        const refused = expect(verb()).rejects.toMatchObject({ code: "not-authorized", details: { why } });
        await clock.advance(5_000);
        await refused;
      }
      expect((await store.get([keys.route])).entries[0]).toEqual(route);
      expect((await agent.audit()).length).toBe(1);
      expect(clock.pending).toBe(0);
    },
  );

  it("that answers in time leaves no timer behind, whatever it answers [AUTHORITY-CLOSED]", async () => {
    const identity: Identity = () => ({ kind: "person", id: "ana" });
    const answering = (allowed: boolean): Verdigris =>
      createVerdigris({
        agent: "agent",
        store,
        clock,
        watch: false,
        sweepMs: "never",
        bundle: blue,
        identity,
        authorize: () => allowed,
      });
    await answering(true).hold({ reason: "look" });
    await expect(answering(false).drop()).rejects.toMatchObject({ code: "not-authorized" });
    expect(clock.pending).toBe(0);
  });
});
