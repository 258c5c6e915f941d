import type { CommitResult, Store, StoreEntry, StoreOp } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createRedisStore } from "@verdigris/store-redis";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { connect } from "./clients.ts";
import { freshPrefix, lacksServer, removeData, sharedUrl } from "./shared-server.ts";

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

const staleRev = 4_000_000_000_000;

const step: fc.Arbitrary<Step> = fc.record({
  ops: fc.uniqueArray(
    fc.record({
      op: fc.constantFrom("check", "put", "put", "del"),
      key: fc.constantFrom("a", "a/b", "a/c", "B", "b"),
      expect: fc.constantFrom("current", "current", "current", "absent", "stale"),
      value: fc.jsonValue().map((value) => JSON.stringify(value)),
    }),
    { selector: ({ key }) => key, maxLength: 4 },
  ),
});

async function resolve(store: Store, { ops }: Step): Promise<StoreOp[]> {
  const { entries } = await store.get(ops.map(({ key }) => key));
  return ops.map(({ op, key, expect: expected, value }, n) => {
    const named = { current: entries[n]?.rev ?? 0, absent: 0, stale: staleRev }[expected];
    const rev = op === "del" && named === 0 ? staleRev : named;
    return op === "put" ? { op, key, rev, value } : { op, key, rev };
  });
}

const shown = (entry: StoreEntry | null): unknown => entry && { key: entry.key, value: entry.value };
const outcome = (result: CommitResult): unknown =>
  result.ok
    ? { ok: true, zeros: result.revs.map((rev) => rev === 0) }
    : { ok: false, key: result.key, current: shown(result.current) };

describe.skipIf(await lacksServer())("beside the memory store", () => {
  test("the Redis store answers every sequence of commits alike", async () => {
    const prefix = freshPrefix();
    const clients = [await connect("node-redis", sharedUrl), await connect("ioredis", sharedUrl)] as const;
    const open = (n: 0 | 1): Promise<Store> =>
      createRedisStore({ client: clients[n].client, prefix, accept: ["persistence"] });
    const handles = [await open(0), await open(1)] as const;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const memory = createMemoryStore();
        for (const { key, rev } of (await handles[0].list("", { limit: 1_000 })).entries) {
          await handles[0].commit([{ op: "del", key, rev }]);
        }
        for (const [n, each] of steps.entries()) {
          const redis = handles[n % 2 === 0 ? 0 : 1];
          const expected = outcome(await memory.commit(await resolve(memory, each)));
          expect(outcome(await redis.commit(await resolve(redis, each)))).toEqual(expected);
          const listed = await redis.list("", { limit: 1_000 });
          expect(listed.entries.map(shown)).toEqual(
            (await memory.list("", { limit: 1_000 })).entries.map(shown),
          );
        }
      }),
      { numRuns: 60 },
    );
    for (const handle of handles) await handle.close();
    for (const client of clients) client.end();
    await removeData(prefix);
  });
});
