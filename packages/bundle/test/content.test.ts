import { agentKeys, type Bundle, type BundleRecord, type Store } from "@verdigris/contracts";
import { createMemoryStore, type MemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFaultyStore, type FakeClock } from "@verdigris/testing";
import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  cleanUpContent,
  createBundleContent,
  createContentStore,
  defineBundle,
  digestOf,
  manifestOf,
  type ResolveContent,
  referencedPieces,
} from "../src/index.ts";

const keys = agentKeys("agent");
let clock: FakeClock;
let store: MemoryStore;
let uploads: number;

beforeEach(() => {
  clock = createFakeClock();
  store = createMemoryStore({ clock });
  uploads = 0;
});

function contents(over: Store = store): ReturnType<typeof createContentStore> {
  return createContentStore("agent", over, () => `u${uploads++}`);
}

function bundle(id: string, prompts: Record<string, string>): Bundle {
  return defineBundle({
    id,
    code: { commit: "c0ffee", build: digestOf("build") },
    prompts: Object.fromEntries(
      Object.entries(prompts).map(([name, text]) => [name, { version: "1", text }]),
    ),
  });
}

/** What a registration does: contents first, then one commit that ties them to the bundle. */
async function register(of: Bundle, texts: readonly string[], recycled?: number): Promise<boolean> {
  const ops = await contents().prepare(texts, of.id);
  const record: BundleRecord = {
    v: 1,
    digest: of.digest,
    manifest: manifestOf(of),
    registeredAt: 0,
    ...(recycled === undefined ? {} : { recycled }),
  };
  const entry = (await store.get([keys.bundle(of.id)])).entries[0] ?? null;
  const put = {
    op: "put",
    key: keys.bundle(of.id),
    rev: entry?.rev ?? 0,
    value: JSON.stringify(record),
  } as const;
  return (await store.commit([put, ...ops])).ok;
}

async function chunkKeys(): Promise<string[]> {
  return (await store.list(keys.chunks(), { limit: 1_000 })).entries.map(({ key }) => key);
}

describe("contents in the store", () => {
  it("come back as they were, whatever characters they hold and however many chunks they take [CONTENT-CHECKED]", async () => {
    const units = fc.string({ unit: "grapheme", maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(units, fc.integer({ min: 1, max: 900 }), async (unit, times) => {
        const text = unit.repeat(times);
        await register(bundle(`b${uploads}`, { p: text }), [text]);
        expect(await contents().read(digestOf(text))).toBe(text);
      }),
      { numRuns: 40 },
    );
  });

  it("keep a character whole that falls on the border of two chunks", async () => {
    const text = `${"x".repeat(9_999)}😂${"y".repeat(20_000)}`;
    await register(bundle("b", { p: text }), [text]);
    expect(await chunkKeys()).toHaveLength(4);
    expect(await contents().read(digestOf(text))).toBe(text);
  });

  it("fit a record even when every character has to be escaped", async () => {
    const text = "\u0000".repeat(25_000);
    await register(bundle("b", { p: text }), [text]);
    expect(await contents().read(digestOf(text))).toBe(text);
  });

  it("are written once, however many bundles share them", async () => {
    await register(bundle("b1", { p: "same" }), ["same"]);
    await register(bundle("b2", { p: "same", q: "other" }), ["same", "same", "other"]);
    expect(await chunkKeys()).toHaveLength(2);
  });

  it("are null where there are none", async () => {
    expect(await contents().read(digestOf("nothing"))).toBe(null);
  });

  it("refuse a text that is too long, or no text, before anything is written", async () => {
    await expect(contents().prepare(["x".repeat(1_000_001)], "b")).rejects.toMatchObject({
      code: "invalid-argument",
    });
    await expect(contents().prepare([7 as never], "b")).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(
      contents().prepare(
        Array.from({ length: 31 }, (_, i) => `${i}`),
        "b",
      ),
    ).rejects.toMatchObject({ code: "invalid-argument" });
    expect(store.size).toBe(0);
  });

  it("survive a lost reply of an upload", async () => {
    const faulty = createFaultyStore(store);
    for (const fate of ["done", "dropped"] as const) {
      faulty.loseReply(fate);
      const ops = await contents(faulty).prepare([`lost ${fate}`], "b");
      await store.commit(ops);
      expect(await contents().read(digestOf(`lost ${fate}`))).toBe(`lost ${fate}`);
    }
  });

  it("are refused when the stored text is not what its digest says [CONTENT-CHECKED]", async () => {
    await register(bundle("b", { p: "right" }), ["right"]);
    const [key = ""] = await chunkKeys();
    const entry = (await store.get([key])).entries[0];
    await store.commit([
      { op: "put", key, rev: entry?.rev ?? 0, value: JSON.stringify({ v: 1, text: "wrong" }) },
    ]);
    await expect(contents().read(digestOf("right"))).rejects.toMatchObject({ code: "digest-mismatch" });
  });
});

describe("a clean-up", () => {
  it("removes what no unrecycled bundle needs, and nothing else [CONTENT-KEPT]", async () => {
    await register(bundle("old", { p: "gone", s: "shared" }), ["gone", "shared"], 7);
    await register(bundle("new", { p: "kept", s: "shared" }), ["kept", "shared"]);
    expect(await cleanUpContent(store, "agent")).toEqual({ contents: 1, chunks: 1 });
    expect(await contents().read(digestOf("gone"))).toBe(null);
    expect(await contents().read(digestOf("kept"))).toBe("kept");
    expect(await contents().read(digestOf("shared"))).toBe("shared");
    expect(await cleanUpContent(store, "agent")).toEqual({ contents: 0, chunks: 0 });
  });

  it("never leaves a registered bundle without its contents, whichever call a registration falls between [CONTENT-KEPT]", async () => {
    for (let call = 0; ; call++) {
      store = createMemoryStore({ clock });
      await register(bundle("old", { s: "shared" }), ["shared"], 7);
      let calls = 0;
      let registered = false;
      const between = async (): Promise<void> => {
        if (calls++ !== call) return;
        // Registering decides again when its commit is refused, as every compare-and-set does.
        while (!(await register(bundle("new", { s: "shared" }), ["shared"])));
        registered = true;
      };
      const watched: Store = {
        ...store,
        get: async (asked) => between().then(() => store.get(asked)),
        list: async (prefix, options) => between().then(() => store.list(prefix, options)),
        commit: async (ops) => between().then(() => store.commit(ops)),
      };
      await cleanUpContent(watched, "agent");
      if (!registered) {
        expect(call).toBeGreaterThan(5);
        return;
      }
      expect(await contents().read(digestOf("shared")), `registered before call ${call}`).toBe("shared");
    }
  });

  it("never takes contents that a registration has prepared and not yet tied to its bundle [CONTENT-KEPT]", async () => {
    await register(bundle("old", { s: "shared" }), ["shared"], 7);
    const ops = await contents().prepare(["shared", "fresh"], "new");
    await cleanUpContent(store, "agent");
    // The shared header is gone, so the registration's commit is refused and prepares again.
    expect((await store.commit(ops)).ok).toBe(false);
    expect(await register(bundle("new", { s: "shared", f: "fresh" }), ["shared", "fresh"])).toBe(true);
    expect(await contents().read(digestOf("shared"))).toBe("shared");
    expect(await contents().read(digestOf("fresh"))).toBe("fresh");
  });

  it("leaves a content alone when its bundle comes back from being recycled meanwhile [CONTENT-KEPT]", async () => {
    const old = bundle("old", { s: "text" });
    await register(old, ["text"], 7);
    const back: Store = {
      ...store,
      get: store.get,
      list: store.list,
      commit: async (ops) => {
        const entry = (await store.get([keys.bundle("old")])).entries[0];
        const value = JSON.stringify({
          v: 1,
          digest: old.digest,
          manifest: manifestOf(old),
          registeredAt: 0,
        });
        if (entry?.value.includes("recycled"))
          await store.commit([{ op: "put", key: entry.key, rev: entry.rev, value }]);
        return store.commit(ops);
      },
    };
    expect(await cleanUpContent(back, "agent")).toEqual({ contents: 0, chunks: 0 });
    expect(await contents().read(digestOf("text"))).toBe("text");
  });

  it("removes uploads that were abandoned, once they are old", async () => {
    await contents().prepare(["abandoned"], "never");
    expect(await cleanUpContent(store, "agent")).toEqual({ contents: 0, chunks: 0 });
    await clock.advance(3_600_001);
    expect(await cleanUpContent(store, "agent")).toEqual({ contents: 0, chunks: 1 });
    expect(store.size).toBe(0);
  });
});

describe("the contents of a bundle", () => {
  const of = (resolve?: ResolveContent, from: Store | null = store): ReturnType<typeof createBundleContent> =>
    createBundleContent({
      bundle: bundle("b", { system: "be kind" }),
      store: from === null ? null : contents(from),
      setTimer: clock.setTimer,
      resolveMs: 1_000,
      ...(resolve === undefined ? {} : { resolve }),
    });

  it("come from the store before anybody is asked", async () => {
    await register(bundle("b", { system: "be kind" }), ["be kind"]);
    const asked: string[] = [];
    const content = of((_, name) => {
      asked.push(name);
      return "never";
    });
    expect(await content.prompt("system")).toBe("be kind");
    expect(asked).toEqual([]);
  });

  it("come from the caller's source by kind, name and version", async () => {
    const seen: unknown[] = [];
    const content = of(async (...asked) => {
      seen.push(asked.slice(0, 3));
      return "be kind";
    }, null);
    expect(await content.prompt("system")).toBe("be kind");
    expect(seen).toEqual([["prompt", "system", "1"]]);
  });

  it("are refused when the source answers with another text under the same version [CONTENT-CHECKED]", async () => {
    await expect(of(() => "be rude").prompt("system")).rejects.toMatchObject({
      code: "digest-mismatch",
      details: {
        bundle: "b",
        name: "system",
        version: "1",
        expected: digestOf("be kind"),
        found: digestOf("be rude"),
      },
    });
  });

  it("say what is missing where nobody has it", async () => {
    await expect(of().prompt("system")).rejects.toMatchObject({
      code: "content-missing",
      details: { name: "system" },
    });
    await expect(of(() => null).prompt("system")).rejects.toMatchObject({ code: "content-missing" });
    await expect(of().prompt("constructor")).rejects.toMatchObject({ code: "content-missing" });
    await expect(of().tool("search")).rejects.toMatchObject({ code: "content-missing" });
  });

  it("name a source that throws, with what it threw", async () => {
    const cause = new Error("503");
    const failing = of(() => {
      throw cause;
    });
    await expect(failing.prompt("system")).rejects.toMatchObject({ code: "content-unresolved", cause });
    await expect(of(() => 7 as never).prompt("system")).rejects.toMatchObject({ code: "content-unresolved" });
  });

  it("give up on a source that hangs, and tell it so", async () => {
    let signal: AbortSignal | undefined;
    const content = of((_kind, _name, _version, options) => {
      signal = options.signal;
      return new Promise(() => {});
    });
    const answer = expect(content.prompt("system")).rejects.toMatchObject({ code: "content-unresolved" });
    await clock.advance(1_000);
    await answer;
    expect(signal?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe("referencedPieces", () => {
  it("lists what bundles still need, with the bundles that need it", async () => {
    await register(bundle("a", { p: "one" }), []);
    await register(bundle("b", { p: "one", q: "two" }), []);
    await register(bundle("c", { p: "three" }), [], 9);
    const pieces = await referencedPieces(store, "agent");
    expect(pieces.map(({ piece, entry, bundles }) => [piece, entry, bundles])).toEqual([
      ["code", "build", ["a", "b"]],
      ["prompts", "p", ["a", "b"]],
      ["prompts", "q", ["b"]],
    ]);
    expect(pieces[1]).toMatchObject({ version: "1", digest: digestOf("one") });
  });
});
