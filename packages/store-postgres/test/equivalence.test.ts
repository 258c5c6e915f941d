import type { CommitResult, Store, StoreEntry, StoreOp } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createPostgresStore } from "@verdigris/store-postgres";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hasServer, openServer } from "./server.ts";

/** What a test says about a revision, since two stores issue different ones. */
type Expectation = "current" | "absent" | "stale";

interface Step {
  readonly ops: readonly {
    readonly op: StoreOp["op"];
    readonly key: string;
    readonly expect: Expectation;
    readonly value: string;
  }[];
}

const keys = ["a", "a/b", "a/c", "B", "b"];

const step: fc.Arbitrary<Step> = fc.record({
  ops: fc.uniqueArray(
    fc.record({
      op: fc.constantFrom("check", "put", "put", "del"),
      key: fc.constantFrom(...keys),
      expect: fc.constantFrom("current", "current", "current", "absent", "stale"),
      value: fc.jsonValue().map((value) => JSON.stringify(value)),
    }),
    { selector: ({ key }) => key, maxLength: 4 },
  ),
});

async function resolve(store: Store, { ops }: Step): Promise<StoreOp[]> {
  const { entries } = await store.get(ops.map(({ key }) => key));
  return ops.map(({ op, key, expect: expected, value }, n) => {
    const current = entries[n]?.rev ?? 0;
    const named = { current, absent: 0, stale: 4_000_000_000_000_000 }[expected];
    const rev = op === "del" && named === 0 ? 4_000_000_000_000_000 : named;
    return op === "put" ? { op, key, rev, value } : { op, key, rev };
  });
}

const shown = (entry: StoreEntry | null): unknown => entry && { key: entry.key, value: entry.value };
const outcome = (result: CommitResult): unknown =>
  result.ok
    ? { ok: true, zeros: result.revs.map((rev) => rev === 0) }
    : { ok: false, key: result.key, current: shown(result.current) };

test.skipIf(!hasServer)(
  "the PostgreSQL store answers every sequence of commits as the memory store does",
  async () => {
    const server = openServer();
    const { pool: client, schema } = server;
    const handles = [
      await createPostgresStore({ client, schema }),
      await createPostgresStore({ client, schema }),
    ] as const;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const memory = createMemoryStore();
        for (const { key, rev } of (await handles[0].list("", { limit: 1_000 })).entries) {
          await handles[0].commit([{ op: "del", key, rev }]);
        }
        for (const [n, each] of steps.entries()) {
          const postgres = handles[n % 2 === 0 ? 0 : 1];
          const expected = outcome(await memory.commit(await resolve(memory, each)));
          expect(outcome(await postgres.commit(await resolve(postgres, each)))).toEqual(expected);
          const listed = await postgres.list("", { limit: 1_000 });
          expect(listed.entries.map(shown)).toEqual(
            (await memory.list("", { limit: 1_000 })).entries.map(shown),
          );
        }
      }),
      { numRuns: 15 },
    );
    for (const handle of handles) await handle.close();
    await server.dispose();
  },
);
