import { type BundleManifest, storeLimits } from "@verdigris/contracts";
import { expect, test } from "vitest";
import { canonicalJson, digestOf, manifestOf, parseBundle } from "../src/index.ts";
import { digit, failureOf, fullManifest, issuePaths } from "./samples.ts";
import { type Loose, wrong } from "./wrong-manifests.ts";

const loose = (): Loose => fullManifest() as unknown as Loose;
const afterEdit = (edit: (manifest: Loose) => void): { code?: string; details?: Loose } => {
  const manifest = loose();
  edit(manifest);
  return failureOf(() => parseBundle(manifest));
};

test("a manifest becomes a bundle whose digest is SHA-256 over its canonical JSON", () => {
  const bundle = parseBundle(fullManifest());
  expect(bundle).toEqual({ ...fullManifest(), digest: digestOf(canonicalJson(fullManifest())) });
});

// Computed once with another language's JSON and SHA-256, and fixed for ever: stored bundles carry digests made this way.
test("the digest of a known manifest never changes", () => {
  expect(parseBundle(fullManifest()).digest).toBe(
    "sha256:9e341a46fe4b184a6e13c1c4556653c0a4096fe12c47b675d3ea24e8b56ed664",
  );
});

test("JSON text, data and a bundle that was written out all give the same bundle", () => {
  const bundle = parseBundle(fullManifest());
  expect(parseBundle(JSON.stringify(fullManifest(), null, 2))).toEqual(bundle);
  expect(parseBundle(JSON.parse(JSON.stringify(bundle)))).toEqual(bundle);
  expect(parseBundle(bundle)).toEqual(bundle);
});

test("manifestOf gives back what was digested", () => {
  const bundle = parseBundle(fullManifest());
  expect(manifestOf(bundle)).toEqual(fullManifest());
  expect(Object.isFrozen(manifestOf(bundle))).toBe(true);
});

test("the bundle shares nothing with what was given", () => {
  const given = loose();
  const bundle = parseBundle(given);
  given.models.planner.settings.reasoning.effort = "high";
  expect(bundle).toEqual(parseBundle(fullManifest()));
});

test("a digest that does not match the content is refused [BUNDLE-DIGEST]", () => {
  const failure = afterEdit((manifest) => {
    manifest.digest = digit("1");
  });
  expect([failure.code, issuePaths(failure)]).toEqual(["bundle-invalid", ["digest"]]);
});

test("all problems are listed at once, each with its place", () => {
  const failure = afterEdit((manifest) => {
    manifest.id = "has space";
    manifest.code.build = "sha256:ABC";
    manifest.models.planner.snapshto = "x";
    manifest.models.judge.retires = "2025-02-30";
    delete manifest.prompts.system.version;
    manifest.tools.search.pinned = "sometimes";
    manifest.tools["not an id"] = manifest.tools.weather;
    manifest.extra = 1;
  });
  expect(failure.code).toBe("bundle-invalid");
  expect(issuePaths(failure).sort()).toEqual([
    "code.build",
    "extra",
    "id",
    "models.judge.retires",
    "models.planner.snapshto",
    "prompts.system.version",
    'tools."not an id"',
    "tools.search.pinned",
  ]);
});

test.each(wrong)("%s is refused with its place", (_, edit, path) => {
  const failure = afterEdit(edit);
  expect([failure.code, issuePaths(failure)]).toEqual(["bundle-invalid", [path]]);
});

test.each([[null], [undefined], [5], [[]], [true], [() => 1]])("%j is no bundle", (value) => {
  expect(failureOf(() => parseBundle(value)).code).toBe("bundle-invalid");
});

test.each(["", "{", "null", "[]", '"text"', "{'id': 1}"])("the text %j is no bundle", (text) => {
  expect(failureOf(() => parseBundle(text)).code).toBe("bundle-invalid");
});

test("a manifest of a later format is left to a later release [FORMAT-TOO-NEW]", () => {
  const failure = afterEdit((manifest) => {
    manifest.v = 2;
    manifest.news = {};
  });
  expect([failure.code, failure.details]).toEqual(["record-too-new", { found: 2, supported: 1 }]);
});

test("a dirty tree is refused unless allowed", () => {
  const dirty: BundleManifest = { ...fullManifest(), code: { ...fullManifest().code, dirty: true } };
  expect(failureOf(() => parseBundle(dirty)).code).toBe("bundle-dirty");
  const bundle = parseBundle(dirty, { allowDirty: true });
  expect(parseBundle(JSON.stringify(bundle), { allowDirty: true })).toEqual(bundle);
  expect(failureOf(() => parseBundle(dirty, { allowDirty: "no" as unknown as boolean })).code).toBe(
    "invalid-argument",
  );
});

test("a member named twice in JSON text is refused, wherever it hides", () => {
  const text = JSON.stringify(fullManifest());
  const twice = [
    text.replace('"pinned":"not"', '"pinned":"not","pinned":"per-call"'),
    text.replace('"v":1', '"v":1,"\\u0076":1'),
    text.replace('"temperature":0', '"temperature":0,"a":[{"b":1}],"a":1'),
  ];
  for (const hostile of twice) expect(failureOf(() => parseBundle(hostile)).code).toBe("bundle-invalid");
  const quoted = text.replace('"END"', '"{\\"a\\":1,\\"a\\":2}"');
  expect(failureOf(() => parseBundle(quoted)).code).toBe(undefined);
});

test.each(["__proto__", "constructor", "prototype"])(
  "%s is refused as a name at any depth [BUNDLE-HOSTILE]",
  (name) => {
    const text = JSON.stringify(fullManifest());
    const hostile = [
      text.replace('"weather"', `"${name}"`),
      text.replace('"temperature"', `"${name}"`),
      text.replace('"v":1', `"v":1,"${name}":{"code":{}}`),
    ];
    for (const json of hostile) {
      const failure = failureOf(() => parseBundle(json));
      expect([failure.code, issuePaths(failure)[0]?.split(".").at(-1)]).toEqual(["bundle-invalid", name]);
    }
    expect(({} as Loose).code).toBe(undefined);
  },
);

test("cycles, lone surrogates, getters that throw and class instances get a clear error [BUNDLE-HOSTILE]", () => {
  const edits: readonly ((manifest: Loose) => void)[] = [
    (m) => (m.models.planner.settings.self = m),
    (m) => (m.models.planner.settings.text = "\ud83d"),
    (m) => (m.models.planner.settings = new Date(0)),
    (m) => (m.models.planner.settings.temperature = Number.NaN),
    (m) => (m.models.planner.snapshot = undefined),
    (m) =>
      Object.defineProperty(m.code, "commit", {
        enumerable: true,
        get: () => {
          throw new Error("no");
        },
      }),
    (m) =>
      Object.defineProperty(m, "id", {
        enumerable: true,
        get: () => {
          throw new Error("no");
        },
      }),
  ];
  for (const edit of edits) {
    const failure = afterEdit(edit);
    expect([failure.code, issuePaths(failure).length]).toEqual(["bundle-invalid", 1]);
  }
});

test("a getter is read once, so what was checked is what is kept", () => {
  const manifest = loose();
  let reads = 0;
  Object.defineProperty(manifest.code, "commit", {
    enumerable: true,
    get: () => (reads++ === 0 ? "9b1c2f0e5d" : "latest"),
  });
  expect(parseBundle(manifest)).toEqual(parseBundle(fullManifest()));
});

test("strings of 10 MB are refused before any work is done on them [BUNDLE-HOSTILE]", () => {
  const huge = "x".repeat(10_000_000);
  const started = performance.now();
  expect(failureOf(() => parseBundle(huge)).code).toBe("bundle-too-large");
  expect(afterEdit((m) => (m.models.planner.settings.text = huge)).code).toBe("bundle-too-large");
  expect(afterEdit((m) => (m.id = huge)).code).toBe("bundle-too-large");
  expect(afterEdit((m) => (m.models.planner.settings[huge] = 1)).code).toBe("bundle-too-large");
  expect(afterEdit((m) => (m.models.planner.settings.list = new Array(10_000_000).fill(0))).code).toBe(
    "bundle-too-large",
  );
  expect(failureOf(() => parseBundle("[".repeat(999_999))).code).toBe("bundle-invalid");
  expect(performance.now() - started).toBeLessThan(5_000);
});

function manifestOfBytes(bytes: number, filler: string): Loose {
  const manifest = loose();
  manifest.models.planner.settings = { text: "" };
  const each = Buffer.byteLength(filler);
  const room = bytes - Buffer.byteLength(canonicalJson(manifest));
  manifest.models.planner.settings.text = filler.repeat(Math.floor(room / each)) + "x".repeat(room % each);
  return manifest;
}

test.each(["x", "é", "😂", "\n"])(
  "the limit is 60,000 bytes of canonical JSON, counted exactly, filled with %j",
  (filler) => {
    const full = manifestOfBytes(60_000, filler === "\n" ? "x" : filler);
    if (filler === "\n")
      full.models.planner.settings.text = full.models.planner.settings.text.replace("xx", "\n");
    const bundle = parseBundle(full);
    expect(Buffer.byteLength(JSON.stringify(manifestOf(bundle)))).toBe(60_000);
    expect(failureOf(() => parseBundle({ ...full, id: "docs-420" })).code).toBe("bundle-too-large");
    expect(parseBundle(bundle)).toEqual(bundle);
    const record = {
      v: 1,
      digest: bundle.digest,
      manifest: manifestOf(bundle),
      registeredAt: 1e13,
      recycled: 1e9,
    };
    expect(Buffer.byteLength(JSON.stringify(record))).toBeLessThan(storeLimits.valueBytes);
  },
);
