import type { Bundle, IndexEntry } from "@verdigris/contracts";
import { expect, test } from "vitest";
import { checkIndexVersions, indexIdentity, parseBundle } from "../src/index.ts";
import { digit, failureOf, fullManifest } from "./samples.ts";

const embedding = { provider: "openai", name: "embed-3", snapshot: "embed-3" };
const docs: IndexEntry = { version: "7", kind: "snapshot", digest: digit("a"), embedding };
const other: readonly (readonly [string, IndexEntry])[] = [
  ["another digest", { ...docs, digest: digit("b") }],
  ["another embedding model", { ...docs, embedding: { ...embedding, name: "embed-4" } }],
  ["another embedding snapshot", { ...docs, embedding: { ...embedding, snapshot: "embed-3b" } }],
  ["another embedding provider", { ...docs, embedding: { ...embedding, provider: "local" } }],
  ["no embedding model", { ...docs, embedding: null }],
  ["live contents", { version: "7", kind: "live", embedding }],
];

function bundleWith(id: string, name: string, index: IndexEntry): Bundle {
  const { allowFloating: _, ...manifest } = fullManifest();
  const listing = index.kind === "live" ? { allowFloating: [`indexes.${name}`] } : {};
  return parseBundle({ ...manifest, id, indexes: { [name]: index }, ...listing });
}

test.each(other)(
  "one version with %s is refused across bundles, and told apart by its identity",
  (_, entry) => {
    const bundles = [
      bundleWith("a", "docs", docs),
      bundleWith("b", "docs", docs),
      bundleWith("c", "docs", entry),
    ];
    expect(indexIdentity(entry)).not.toBe(indexIdentity(docs));
    const failure = failureOf(() => checkIndexVersions(bundles));
    expect(failure.code).toBe("index-version-taken");
    expect(failure.details).toMatchObject({
      index: "docs",
      version: "7",
      bundles: ["a", "c"],
      identities: [indexIdentity(docs), indexIdentity(entry)],
    });
  },
);

test.each(other)("another version or another index with %s is fine [BUNDLE-INDEX-IDENTITY]", (_, entry) => {
  checkIndexVersions([
    bundleWith("a", "docs", docs),
    bundleWith("b", "docs", { ...entry, version: "8" }),
    bundleWith("c", "news", entry),
  ]);
});

test("no bundles agree with each other", () => expect(checkIndexVersions([])).toBe(undefined));

test("an identity is about the contents, not the version or the order of members [BUNDLE-INDEX-IDENTITY]", () => {
  const same = {
    embedding: { snapshot: "embed-3", name: "embed-3", provider: "openai" },
    kind: "snapshot",
    digest: digit("a"),
    version: "8",
  } as const;
  expect(indexIdentity(same)).toBe(indexIdentity(docs));
});
