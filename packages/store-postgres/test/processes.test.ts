import { createPostgresStore } from "@verdigris/store-postgres";
import { type Program, programsIn } from "@verdigris/testing/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hasServer, openServer, type Server } from "./server.ts";

const runProgram = programsIn(new URL("./fixtures/", import.meta.url));

describe.skipIf(!hasServer)("several processes on one schema", { timeout: 60_000 }, () => {
  let server: Server;
  let url: string;
  beforeEach(() => {
    server = openServer();
    url = server.pool.options.connectionString ?? "";
  });
  afterEach(() => server.dispose());

  interface Flip {
    readonly generation: number;
    readonly to: string;
  }
  const flipsOf = (program: Program): Flip[] =>
    program.lines.map((line) => JSON.parse(line) as Flip | "ready").filter((line) => line !== "ready");

  for (const [what, aheadMs] of [
    ["", 0],
    [" whose clock is an hour ahead", 3_600_000],
    [" whose clock is an hour behind", -3_600_000],
  ] as const) {
    test(`a process${what} that was stopped across a flip starts nothing on the old bundle when it goes on [I4]`, async () => {
      const sleeper = runProgram("start-when-told", url, server.schema, String(aheadMs));
      await sleeper.printed(1);
      sleeper.child.stdin?.write("\n");
      await sleeper.printed(2);
      expect(sleeper.lines[1]).toBe("blue");
      sleeper.child.kill("SIGSTOP");
      // It is told while it cannot act, so its first act afterwards is a start on the route it remembers.
      sleeper.child.stdin?.write("\n");
      const flipper = runProgram("start-flip-finish", url, server.schema, "1", String(-aheadMs));
      expect(await flipper.ended).toBe(0);
      expect(flipsOf(flipper)).toMatchObject([{ to: "green" }]);
      sleeper.child.kill("SIGCONT");
      await sleeper.printed(3);
      expect(sleeper.lines[2]).toBe("green");
      sleeper.child.kill("SIGKILL");
      await sleeper.ended;
    });
  }

  test("a process killed at any point of start, flip and finish leaves every acknowledged flip, once, and a route that moves on [I11]", async () => {
    const flips: Flip[] = [];
    for (let round = 0; round < 5; round += 1) {
      const program = runProgram("start-flip-finish", url, server.schema);
      await program.printed(2 + ((round * 3) % 7));
      program.child.kill("SIGKILL");
      expect(await program.ended).toBe("SIGKILL");
      flips.push(...flipsOf(program));
    }
    expect(new Set(flips.map(({ generation }) => generation)).size, "no generation twice").toBe(flips.length);
    const store = await createPostgresStore({ client: server.pool, schema: server.schema });
    const { entries } = await store.list("support/audit/", { limit: 1_000 });
    const audited = entries.map(({ value }) => JSON.parse(value) as { generation: number; to?: string });
    expect(
      audited.map(({ generation }) => generation),
      "every generation has one entry",
    ).toEqual(audited.map((_, n) => n + 1));
    const [route] = (await store.get(["support/route"])).entries;
    expect(JSON.parse(route?.value ?? "{}")).toMatchObject({ generation: audited.length });
    expect(
      flips.filter(({ generation }) => generation > audited.length),
      "none lost",
    ).toEqual([]);
    expect(flips.length).toBeGreaterThan(5);
    await store.close();
  });
});
