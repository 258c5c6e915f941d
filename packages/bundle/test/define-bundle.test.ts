import type { Bundle, BundleManifest, Digest } from "@verdigris/contracts";
import { expect, expectTypeOf, test } from "vitest";
import {
  type BundleInput,
  canonicalJson,
  defineBundle,
  digestOf,
  digestOfContract,
  type ToolContract,
} from "../src/index.ts";
import { digit, failureOf, floatingNames, fullManifest, issuePaths } from "./samples.ts";

const code = { commit: "9b1c2f0e5d", build: digit("a") } as const;
const judge = { provider: "anthropic", name: "claude-opus-4-1", snapshot: "claude-opus-4-1" };
const contract: ToolContract = {
  name: "search",
  description: "Finds passages",
  inputSchema: { type: "object", properties: { constructor: { type: "string" } } },
};

test("texts, examples and contracts become versions and digests, and stay out of the manifest", () => {
  const examples = [{ question: "How?", answer: "So." }];
  const bundle = defineBundle({
    id: "docs-42",
    code,
    prompts: {
      system: { version: "3", text: "Answer from the manual." },
      shots: { version: "1", kind: "examples", examples },
    },
    tools: { search: { version: "1.4.0", contract, pinned: "per-call" } },
  });
  const { digest, ...manifest } = bundle;
  expect(manifest).toEqual({
    v: 1,
    id: "docs-42",
    code,
    prompts: {
      system: { version: "3", digest: digestOf("Answer from the manual.") },
      shots: { version: "1", kind: "examples", digest: digestOf(canonicalJson(examples)) },
    },
    models: {},
    indexes: {},
    tools: { search: { version: "1.4.0", contract: digestOfContract(contract), pinned: "per-call" } },
  });
  expect(digest).toBe(digestOf(canonicalJson(manifest)));
});

test("the same content has the same digest whatever the form of the input [BUNDLE-DIGEST]", () => {
  const text = "Answer from the manual.";
  const short = defineBundle({ id: "a", code, prompts: { system: { version: "3", text } } });
  const long = defineBundle({
    id: "a",
    code: { ...code, dirty: false, guardrails: undefined as unknown as Digest },
    prompts: { system: { version: "3", digest: digestOf(text), kind: "text" } },
    models: {},
    indexes: {},
    tools: {},
    allowFloating: [],
  });
  expect(long).toEqual(short);
});

test("listings are sorted, so their order is not part of the digest", () => {
  const floating = { provider: "p", name: "m" };
  const define = (allowFloating: string[]): Bundle =>
    defineBundle({ id: "a", code, models: { b: floating, a: floating }, allowFloating });
  expect(define(["models.b", "models.a", "models.b"])).toEqual(define(["models.a", "models.b"]));
});

test("a whole manifest is input too, its digest included", () => {
  const bundle = defineBundle(fullManifest());
  expect(defineBundle(bundle)).toEqual(bundle);
  const failure = failureOf(() => defineBundle({ ...bundle, id: "other" }));
  expect([failure.code, issuePaths(failure)]).toEqual(["bundle-invalid", ["digest"]]);
});

test("a bundle is frozen to the last member and keeps nothing of the input [BUNDLE-FROZEN]", () => {
  const settings = { reasoning: { effort: "low" }, stop: ["END"] };
  const bundle = defineBundle({ id: "a", code, models: { judge: { ...judge, settings } } });
  settings.stop.push("MORE");
  expect(bundle.models.judge.settings).toEqual({ reasoning: { effort: "low" }, stop: ["END"] });
  expect(() => {
    const stop = bundle.models.judge.settings?.stop;
    if (Array.isArray(stop)) stop.push("x");
  }).toThrow(TypeError);
  expect(() => {
    (bundle as { id: string }).id = "b";
  }).toThrow(TypeError);
});

test("the compiler knows the entries of each piece", () => {
  const bundle = defineBundle({
    id: "a",
    code,
    prompts: { system: { version: "3", text: "x" } },
    models: { judge },
  });
  expectTypeOf(bundle.prompts.system.digest).toEqualTypeOf<Digest>();
  expectTypeOf<keyof typeof bundle.models>().toEqualTypeOf<"judge">();
  expectTypeOf(bundle).toExtend<Bundle>();
  // @ts-expect-error a misspelt entry
  expect(bundle.prompts.sytem).toBe(undefined);
  // @ts-expect-error a piece without entries has none to name
  expect(bundle.tools.search).toBe(undefined);
  expect(() => {
    // @ts-expect-error bundles are read-only
    bundle.prompts.system.version = "4";
  }).toThrow(TypeError);
});

test("the compiler and the check both refuse a misspelt field", () => {
  const failure = failureOf(() =>
    defineBundle({
      id: "a",
      code,
      // @ts-expect-error snapshto
      models: { judge: { provider: "p", name: "m", snapshto: "m" } },
    }),
  );
  expect([failure.code, issuePaths(failure)]).toEqual(["bundle-invalid", ["models.judge.snapshto"]]);
});

test("input of a wider type gives a bundle of the wider type", () => {
  const input: BundleInput = { id: "a", code, models: { judge } };
  const bundle = defineBundle(input);
  expectTypeOf(bundle.models.any).toEqualTypeOf<BundleManifest["models"][string] | undefined>();
  expect(bundle.models.judge).toEqual(judge);
});

const wrong: readonly (readonly [string, object, string])[] = [
  ["text and digest", { prompts: { p: { version: "1", text: "x", digest: digit("a") } } }, "prompts.p"],
  ["no content", { prompts: { p: { version: "1" } } }, "prompts.p.digest"],
  ["text that is none", { prompts: { p: { version: "1", text: 5 } } }, "prompts.p.text"],
  ["half a surrogate pair", { prompts: { p: { version: "1", text: "\ud83d" } } }, "prompts.p.text"],
  [
    "text of kind examples",
    { prompts: { p: { version: "1", kind: "examples", text: "x" } } },
    "prompts.p.text",
  ],
  ["examples of no kind", { prompts: { p: { version: "1", examples: [] } } }, "prompts.p.kind"],
  [
    "examples that are no JSON",
    { prompts: { p: { version: "1", kind: "examples", examples: [1n] } } },
    "prompts.p.examples",
  ],
  [
    "a contract with a strange member",
    { tools: { t: { version: "1", pinned: "not", contract: { ...contract, input: {} } } } },
    "tools.t.contract",
  ],
  [
    "a contract that is a list",
    { tools: { t: { version: "1", pinned: "not", contract: [] } } },
    "tools.t.contract",
  ],
  ["a piece that is text", { prompts: "system" }, "prompts"],
  ["a piece that is a class instance", { models: new Map() }, "models"],
  ["an entry that is text", { prompts: { p: "text" } }, "prompts.p"],
  ["a list of listings that is text", { allowFloating: "models.judge" }, "allowFloating"],
  ["allowDirty that is text", { allowDirty: "yes" }, "allowDirty"],
  ["code that is missing", { code: undefined }, "code"],
  ["an unknown member", { prompt: {} }, "prompt"],
  [
    "a prototype name",
    JSON.parse('{"prompts":{"__proto__":{"version":"1","text":"x"}}}'),
    "prompts.__proto__",
  ],
];

test.each(wrong)("%s is refused with its place", (_, edit, path) => {
  const failure = failureOf(() => defineBundle({ id: "a", code, ...edit } as unknown as BundleInput));
  expect([failure.code, issuePaths(failure)]).toEqual(["bundle-invalid", [path]]);
});

test.each([[null], [undefined], ["text"], [[]], [new Date(0)]])("%j is no input", (input) => {
  expect(failureOf(() => defineBundle(input as unknown as BundleInput)).code).toBe("bundle-invalid");
});

test("input whose getters throw is refused, with what they threw as the cause", () => {
  const cause = new Error("no");
  const input = {
    id: "a",
    get code(): typeof code {
      throw cause;
    },
  };
  expect(() => defineBundle(input)).toThrow(expect.objectContaining({ code: "bundle-invalid", cause }));
});

test("a dirty tree needs allowDirty, which is no part of the manifest", () => {
  const dirty = { id: "a", code: { ...code, dirty: true } };
  expect(failureOf(() => defineBundle(dirty)).code).toBe("bundle-dirty");
  const bundle = defineBundle({ ...dirty, allowDirty: true });
  expect([bundle.code.dirty, "allowDirty" in bundle]).toEqual([true, false]);
});

test("a moving model needs to be listed [BUNDLE-FLOATING]", () => {
  const models = { planner: { provider: "p", name: "m-latest", snapshot: "m-latest" } };
  expect(floatingNames(failureOf(() => defineBundle({ id: "a", code, models })))).toEqual(["models.planner"]);
  expect(defineBundle({ id: "a", code, models, allowFloating: ["models.planner"] }).allowFloating).toEqual([
    "models.planner",
  ]);
});
