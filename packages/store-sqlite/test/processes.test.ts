import { createSqliteStore } from "@verdigris/store-sqlite";
import { type Program, programsIn } from "@verdigris/testing/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type TemporaryFile, temporaryFile } from "./temporary-file.ts";

const runProgram = programsIn(new URL("./fixtures/", import.meta.url));

interface Acknowledged {
  readonly key: string;
  readonly rev: number;
  readonly at: number;
  readonly value?: string;
}

const acknowledged = (program: Program): Acknowledged[] =>
  program.lines.map((line) => JSON.parse(line) as Acknowledged);

let temporary: TemporaryFile;
beforeEach(async () => {
  temporary = await temporaryFile();
});
afterEach(() => temporary.remove());

describe("several processes on one file", () => {
  test("four processes that race to add to one counter from a fresh file lose no addition", async () => {
    const { file } = temporary;
    const programs = [1, 2, 3, 4].map(() => runProgram("increment", file, "count", "100"));
    expect(await Promise.all(programs.map((program) => program.ended))).toEqual([0, 0, 0, 0]);
    const wins = programs.flatMap(acknowledged);
    expect(wins).toHaveLength(400);
    expect(new Set(wins.map(({ rev }) => rev)).size, "every win has a revision of its own").toBe(400);
    expect(new Set(wins.map(({ value }) => value)).size, "every win has a value of its own").toBe(400);
    const inOrder = wins.toSorted((a, b) => Number(a.value) - Number(b.value)).map(({ at }) => at);
    expect(inOrder, "store time follows the order of commits").toEqual(inOrder.toSorted((a, b) => a - b));
    const store = await createSqliteStore({ file });
    expect((await store.get(["count"])).entries[0]?.value).toBe("400");
    await store.close();
  }, 60_000);

  for (const synchronous of ["full", "normal"] as const) {
    test(`a writer killed at any moment, 15 times, loses no acknowledged commit and no revision comes back (${synchronous}) [STORE-KILL9]`, async () => {
      const { file } = temporary;
      const seen: Acknowledged[] = [];
      for (let round = 0; round < 15; round += 1) {
        const program = runProgram("write-forever", file, `round-${round}`, synchronous);
        await program.printed(1 + ((round * 7) % 40));
        program.child.kill("SIGKILL");
        expect(await program.ended).toBe("SIGKILL");
        const fresh = acknowledged(program);
        expect(fresh.length).toBeGreaterThan(0);
        seen.push(...fresh);
        const store = await createSqliteStore({ file, synchronous });
        const kept = fresh.filter(({ key }) => key !== "gone");
        const { entries } = await store.get(kept.map(({ key }) => key));
        expect(entries.map((entry) => entry?.rev)).toEqual(kept.map(({ rev }) => rev));
        await store.close();
      }
      expect(new Set(seen.map(({ rev }) => rev)).size).toBe(seen.length);
      const times = seen.map(({ at }) => at);
      expect(times, "store time goes on where the dead process left it").toEqual(
        times.toSorted((a, b) => a - b),
      );
    }, 60_000);
  }

  test("four handles that open a fresh file at once agree on it", async () => {
    const { file } = temporary;
    const stores = await Promise.all([1, 2, 3, 4].map(() => createSqliteStore({ file })));
    const results = await Promise.all(
      stores.map((store, n) => store.commit([{ op: "put", key: "a", rev: 0, value: String(n) }])),
    );
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    for (const store of stores) await store.close();
  });

  test("a foreign process that lets go of the lock in time only delays a commit", async () => {
    const { file } = temporary;
    const store = await createSqliteStore({ file, busyMs: 0 });
    const holder = runProgram("hold-lock", file);
    await holder.printed(1);
    const committing = store.commit([{ op: "put", key: "a", rev: 0, value: "1" }]);
    expect((await store.get(["a"])).entries, "reads do not wait for a writer").toEqual([null]);
    holder.child.stdin?.end();
    expect(await committing).toMatchObject({ ok: true });
    expect(await holder.ended).toBe(0);
    await store.close();
  });
});
