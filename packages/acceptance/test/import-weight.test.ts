import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packages, read } from "./workspace.ts";

const entries = new Map(
  packages().flatMap(({ folder, manifest }) =>
    Object.entries(manifest.exports ?? {}).map(([subpath, { "@verdigris/source": source }]) => [
      join(manifest.name, subpath),
      join("packages", folder, source ?? ""),
    ]),
  ),
);

// What is left of a statement when types are erased: `import type` goes, `import { type A }` stays, as the compiler is told.
// `import()` is not followed: it loads when it is called.
const statement = /^(?:import|export)(?! type\b)(?:[\s\w{},*$]*?\sfrom)?\s*"([^"]+)";/gm;

interface Loaded {
  /** Modules of the workspace, by path. */
  readonly own: Set<string>;
  /** What comes from elsewhere, as imported. */
  readonly outside: Set<string>;
}

/** Everything that importing `name` loads before the importer goes on. */
function loadedBy(name: string, loaded: Loaded = { own: new Set(), outside: new Set() }): Loaded {
  const path = entries.get(name);
  if (path === undefined) loaded.outside.add(name);
  else follow(path, loaded);
  return loaded;
}

function follow(path: string, loaded: Loaded): void {
  if (loaded.own.has(path)) return;
  loaded.own.add(path);
  for (const [, name = ""] of read(path).matchAll(statement)) {
    if (name.startsWith(".")) follow(join(dirname(path), name), loaded);
    else loadedBy(name, loaded);
  }
}

const light = ["@noble/hashes/sha2.js", "@noble/hashes/utils.js", "eventemitter3"];

// A module costs about half a millisecond wherever it comes from; zod alone has ninety-five. `npm run bench -- footprint`
// prints the times. A count that rises is a decision: is what is new needed before the first call?
describe("importing [IMPORT-LIGHT]", () => {
  it.each([
    { name: "@verdigris/contracts", outside: [], atMost: 18 },
    { name: "@verdigris/router", outside: light, atMost: 45 },
    { name: "@verdigris/run-pinning", outside: [...light, "ulid"], atMost: 80 },
    { name: "@verdigris/bundle", outside: light.slice(0, 2), atMost: 45 },
    { name: "@verdigris/release/on-call", outside: [...light, "ulid"], atMost: 115 },
    { name: "verdigris", outside: [...light, "ulid"], atMost: 120 },
  ])("$name loads nothing heavy and few modules", ({ name, outside, atMost }) => {
    const loaded = loadedBy(name);
    expect([...loaded.outside].sort()).toEqual(outside);
    expect(loaded.own.size).toBeLessThanOrEqual(atMost);
    expect(loaded.own.size).toBeGreaterThan(atMost / 2);
  });

  it("verdigris leaves what reads a bill to whoever asks for one", () => {
    const { own } = loadedBy("verdigris");
    expect(own).toContain("packages/telemetry/src/usage/usage-ledger.ts");
    const readers = ["telemetry/src/index", "telemetry/src/usage/costs", "verdigris/src/blame"];
    expect(readers.filter((name) => own.has(`packages/${name}.ts`))).toEqual([]);
  });

  it("finds what is heavy where something is", () => {
    expect([...loadedBy("@verdigris/bundle/node").outside]).toEqual(
      expect.arrayContaining(["zod", "node:fs/promises"]),
    );
  });
});
