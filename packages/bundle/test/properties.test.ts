import type { BundleManifest, Digest, JsonObject } from "@verdigris/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { diffBundles, manifestOf, parseBundle } from "../src/index.ts";

const name = fc
  .stringMatching(/^[A-Za-z0-9._:-]{1,12}$/)
  .filter((text) => text !== "constructor" && text !== "prototype" && text !== "__proto__");
const version = fc.tuple(fc.nat(99), fc.nat(99)).map(([major, minor]) => `${major}.${minor}`);
const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes): Digest => `sha256:${Buffer.from(bytes).toString("hex")}`);
const entries = <T>(entry: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(name, entry, { maxKeys: 3, noNullPrototype: true });
const settings = fc
  .dictionary(name, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3, noNullPrototype: true })
  .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject)
  .filter((value) => !/__proto__|constructor|prototype/.test(JSON.stringify(value)));
const pinnedModel = { provider: name.map((text) => `p-${text}-1`), name: version, snapshot: version };
const optional = { requiredKeys: ["provider", "name", "snapshot"] as const };

const manifests: fc.Arbitrary<BundleManifest> = fc.record({
  v: fc.constant(1 as const),
  id: name,
  code: fc.record(
    { commit: version, build: digest, guardrails: digest },
    { requiredKeys: ["commit", "build"] },
  ),
  prompts: entries(fc.record({ version, digest })),
  models: entries(
    fc.record(
      { ...pinnedModel, settings, retires: fc.constant("2027-01-31") },
      { ...optional, requiredKeys: [...optional.requiredKeys] },
    ),
  ),
  indexes: entries(
    fc.record({
      version,
      kind: fc.constant("snapshot" as const),
      digest,
      embedding: fc.option(fc.record(pinnedModel)),
    }),
  ),
  tools: entries(
    fc.record({
      version,
      contract: digest,
      pinned: fc.constantFrom("per-call" as const, "by-service" as const, "not" as const),
    }),
  ),
});

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, shuffled(member)]),
  );
}

test("a bundle survives being written out and read back, in any order of members", () => {
  fc.assert(
    fc.property(manifests, (manifest) => {
      const bundle = parseBundle(manifest);
      expect(parseBundle(JSON.stringify(bundle))).toEqual(bundle);
      expect(parseBundle(shuffled(bundle)).digest).toBe(bundle.digest);
      expect(parseBundle(manifestOf(bundle))).toEqual(bundle);
    }),
  );
});

function everyPart(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(everyPart)];
}

test("every part of a bundle is frozen", () => {
  fc.assert(
    fc.property(manifests, (manifest) => {
      expect(everyPart(parseBundle(manifest)).every((part) => Object.isFrozen(part))).toBe(true);
    }),
  );
});

/** Every manifest that differs from `value` in one leaf. */
function singleEdits(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => singleEdits(item).map((edit) => value.with(index, edit)));
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, member]) =>
      singleEdits(member).map((edit) => Object.fromEntries([...Object.entries(value), [key, edit]])),
    );
  }
  return [otherLeaf(value)];
}

function otherLeaf(value: unknown): unknown {
  if (typeof value === "number") return value === 0 ? 1 : value / 2;
  if (typeof value !== "string") return value !== true;
  if (value.startsWith("sha256:")) return `${value.slice(0, -1)}${value.endsWith("0") ? "1" : "0"}`;
  if (value === "2027-01-31") return "2027-02-01";
  if (value === "by-service") return "not";
  return value === "per-call" || value === "not" ? "by-service" : `${value}0`;
}

test("a change of any single value changes the digest, and the diff names exactly one entry for it", () => {
  let accepted = 0;
  fc.assert(
    fc.property(manifests, (manifest) => {
      const bundle = parseBundle(manifest);
      for (const piece of ["code", "prompts", "models", "indexes", "tools"] as const) {
        for (const edit of singleEdits(manifest[piece])) {
          let other: ReturnType<typeof parseBundle>;
          try {
            other = parseBundle({ ...manifest, [piece]: edit });
          } catch {
            continue; // no manifest, such as another kind of index
          }
          accepted += 1;
          expect(other.digest).not.toBe(bundle.digest);
          const diff = diffBundles(bundle, other);
          expect(diff.changes.map((change) => [change.piece, change.kind, change.fields.length])).toEqual([
            [piece, "changed", 1],
          ]);
        }
      }
      expect(parseBundle({ ...manifest, id: `${manifest.id}0` }).digest).not.toBe(bundle.digest);
    }),
    { numRuns: 60 },
  );
  expect(accepted).toBeGreaterThan(500);
});

test("two bundles differ in a piece exactly when their digests under one id do", () => {
  fc.assert(
    fc.property(manifests, manifests, (left, right) => {
      const [a, b] = [parseBundle({ ...left, id: "x" }), parseBundle({ ...right, id: "x" })];
      expect(diffBundles(a, b).changed).toBe(a.digest !== b.digest);
      expect(diffBundles(a, parseBundle({ ...left, id: "y" })).changed).toBe(false);
    }),
  );
});
