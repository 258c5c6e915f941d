import type { Store } from "@verdigris/contracts";
import { createRedisStore } from "@verdigris/store-redis";
import { type Program, programsIn } from "@verdigris/testing/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, type TestClient } from "./clients.ts";
import { committed, put } from "./ops.ts";
import { lacksProgram, type OwnServer, startServer } from "./own-server.ts";
import { freshPrefix } from "./shared-server.ts";

const runProgram = programsIn(new URL("./fixtures/", import.meta.url));

interface Flip {
  readonly generation: number;
  readonly to: string;
}

const flipsOf = (program: Program): Flip[] =>
  program.lines.map((line) => JSON.parse(line) as Flip | "ready").filter((line) => line !== "ready");

describe.skipIf(lacksProgram())(
  "several processes on one server that flushes every write",
  {
    timeout: 120_000,
  },
  () => {
    let server: OwnServer;
    let client: TestClient;
    beforeAll(async () => {
      server = await startServer();
      client = await connect("ioredis", server.url);
    });
    afterAll(async () => {
      client.end();
      await server.remove();
    });

    const open = (prefix: string): Promise<Store> => createRedisStore({ client: client.client, prefix });

    /** Generations count on by one, each has one audit entry, and the route is the last of them. */
    async function expectOneHistory(prefix: string, flips: readonly Flip[]): Promise<void> {
      expect(new Set(flips.map(({ generation }) => generation)).size, "no generation twice").toBe(
        flips.length,
      );
      const store = await open(prefix);
      const { entries } = await store.list("support/audit/", { limit: 1_000 });
      const audited = entries.map(({ value }) => JSON.parse(value) as { generation: number });
      expect(audited.map(({ generation }) => generation)).toEqual(audited.map((_, n) => n + 1));
      const [route] = (await store.get(["support/route"])).entries;
      expect(JSON.parse(route?.value ?? "{}")).toMatchObject({ generation: audited.length });
      expect(
        flips.filter(({ generation }) => generation > audited.length),
        "none lost",
      ).toEqual([]);
      await store.close();
    }

    for (const [what, aheadMs] of [
      ["", 0],
      [" whose clock is an hour ahead", 3_600_000],
      [" whose clock is an hour behind", -3_600_000],
    ] as const) {
      test(`a process${what} that was stopped across a flip starts nothing on the old bundle when it goes on [I4]`, async () => {
        const prefix = freshPrefix();
        const sleeper = runProgram("start-when-told", server.url, prefix, String(aheadMs));
        await sleeper.printed(1);
        sleeper.child.stdin?.write("\n");
        await sleeper.printed(2);
        expect(sleeper.lines[1]).toBe("blue");
        sleeper.child.kill("SIGSTOP");
        // It is told while it cannot act, so its first act afterwards is a start on the route it remembers.
        sleeper.child.stdin?.write("\n");
        const flipper = runProgram("start-flip-finish", server.url, prefix, "1", String(-aheadMs));
        expect(await flipper.ended).toBe(0);
        expect(flipsOf(flipper)).toMatchObject([{ to: "green" }]);
        sleeper.child.kill("SIGCONT");
        await sleeper.printed(3);
        expect(sleeper.lines[2]).toBe("green");
        sleeper.child.kill("SIGKILL");
        await sleeper.ended;
        await expectOneHistory(prefix, flipsOf(flipper));
      });
    }

    test("a process killed at any point of start, flip and finish leaves every acknowledged flip, once, and a route that moves on [I11]", async () => {
      const prefix = freshPrefix();
      const flips: Flip[] = [];
      for (let round = 0; round < 5; round += 1) {
        const program = runProgram("start-flip-finish", server.url, prefix);
        await program.printed(2 + ((round * 3) % 7));
        program.child.kill("SIGKILL");
        expect(await program.ended).toBe("SIGKILL");
        flips.push(...flipsOf(program));
      }
      expect(flips.length).toBeGreaterThan(5);
      await expectOneHistory(prefix, flips);
    });

    test("a server killed at any moment loses no acknowledged commit and no revision comes back, while its writers go on without a restart [STORE-KILL9]", async () => {
      const prefix = freshPrefix();
      const writers = ["a", "b"].map((name) => runProgram("write-forever", server.url, prefix, name));
      for (let round = 0; round < 3; round += 1) {
        const before = writers.map(({ lines }) => lines.length);
        await Promise.all(writers.map((writer, n) => writer.printed((before[n] ?? 0) + 20 + 7 * round)));
        await server.restart();
      }
      const after = writers.map(({ lines }) => lines.length);
      await Promise.all(writers.map((writer, n) => writer.printed((after[n] ?? 0) + 20)));
      for (const writer of writers) writer.child.kill("SIGKILL");
      await Promise.all(writers.map(({ ended }) => ended));
      const seen = writers.flatMap(({ lines }) =>
        lines.map((line) => JSON.parse(line) as { key: string; rev: number; at: number }),
      );
      expect(new Set(seen.map(({ rev }) => rev)).size, "every commit has a revision of its own").toBe(
        seen.length,
      );
      const store = await open(prefix);
      for (let from = 0; from < seen.length; from += 100) {
        const part = seen.slice(from, from + 100);
        const { entries } = await store.get(part.map(({ key }) => key));
        expect(entries.map((entry) => entry?.rev)).toEqual(part.map(({ rev }) => rev));
      }
      await committed(store, put("after"));
      await store.close();
    });
  },
);
