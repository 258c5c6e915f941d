import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PinRecord, Route } from "@verdigris/contracts";
import { systemClock } from "@verdigris/contracts";
import { createSqliteStore, type SqliteStore } from "@verdigris/store-sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { registerBundles } from "./proof/bundles.ts";
import { createProcess, openOn, type Process } from "./proof/process.ts";
import { type Program, runProgram } from "./proof/program.ts";

let directory: string;
let file: string;
let store: SqliteStore;
let here: Process;
let programs: Program[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "verdigris-"));
  file = join(directory, "store.db");
  store = await createSqliteStore({ file });
  await registerBundles(store, "agent", ["blue", "green", "amber"]);
  here = createProcess({ store, clock: systemClock, name: "here" });
  await here.move(openOn("blue"), { expect: 0 });
  programs = [];
});

afterEach(async () => {
  for (const { child } of programs) child.kill("SIGKILL");
  await Promise.all(programs.map(({ ended }) => ended));
  await here.close();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

function run(name: string, mode = "obey"): Program {
  const program = runProgram("peer", file, name, mode);
  programs.push(program);
  return program;
}

async function routeNow(): Promise<Route> {
  const route = (await here.router.refresh())?.route;
  if (route === undefined) throw new Error("no route");
  return route;
}

const otherThan: Readonly<Record<string, string>> = { blue: "green", green: "amber", amber: "blue" };

describe("two processes on one file", () => {
  it("have exactly one winner among twenty flips on one generation, ten times over [I3]", async () => {
    const peers = [run("a"), run("b")];
    await Promise.all(peers.map((peer) => peer.until(1)));
    for (let round = 0; round < 10; round++) {
      const { generation, live } = await routeNow();
      for (const peer of peers) peer.tell(`flip ${otherThan[live]} ${generation}`);
      await Promise.all(peers.map((peer) => peer.until(1 + 10 * (round + 1))));
      const answers = peers.flatMap(({ said }) => said.slice(1 + 10 * round));
      expect(answers).toHaveLength(20);
      expect(answers.filter(({ outcome }) => outcome === "moved")).toHaveLength(1);
      expect(answers.filter(({ outcome }) => outcome === "conflict")).toHaveLength(19);
      expect(new Set(answers.map((answer) => answer.generation))).toEqual(new Set([generation + 1]));
    }
  }, 60_000);

  it("start no run on the bundle before once a flip has resolved anywhere [I4]", async () => {
    const peers = [run("a", "start"), run("b", "start")];
    await Promise.all(peers.map((peer) => peer.until(3)));
    for (let flips = 0; flips < 15; flips++) {
      const { live } = await routeNow();
      const moved = await here.move({ verb: "flip", bundle: otherThan[live] ?? "blue", supersede: true });
      if (moved.outcome !== "moved") throw new Error(`the flip came to ${moved.outcome}`);
      const heard = peers.map(({ said }) => said.length);
      for (const peer of peers) peer.tell(`floor ${moved.generation}`);
      await Promise.all(peers.map((peer, i) => peer.until((heard[i] ?? 0) + 3)));
    }
    for (const peer of peers) peer.tell("stop");
    expect(await Promise.all(peers.map(({ ended }) => ended))).toEqual([0, 0]);
    const starts = peers.flatMap(({ said }) => said.slice(1));
    expect(new Set(starts.map(({ floor }) => floor)).size).toBeGreaterThan(10);
    for (const { floor, pin } of starts) {
      const { entries } = await store.get([String(pin)]);
      const record = JSON.parse(entries[0]?.value ?? "null") as PinRecord;
      expect(record.generation).toBeGreaterThanOrEqual(Number(floor));
    }
  }, 60_000);

  it("lose no acknowledged run and no acknowledged flip when one is killed, twelve times [STORE-KILL9]", async () => {
    for (let round = 0; round < 12; round++) {
      const peer = run(`round-${round}`, "work");
      await peer.until(2 + ((round * 5) % 17));
      peer.child.kill("SIGKILL");
      expect(await peer.ended).toBe("SIGKILL");
      const route = await routeNow();
      for (const line of peer.said.slice(1)) {
        if (line.pin === undefined) {
          expect(Number(line.generation)).toBeLessThanOrEqual(route.generation);
          const { entries } = await store.get([`agent/audit/${String(line.generation).padStart(10, "0")}`]);
          expect(JSON.parse(entries[0]?.value ?? "null")).toMatchObject({ to: { live: line.live } });
          continue;
        }
        const { entries } = await store.get([String(line.pin), String(line.claim)]);
        expect(entries.map((entry) => entry?.key)).toEqual([line.pin, line.claim]);
      }
      expect(peer.said.length).toBeGreaterThan(1);
      // Nobody waits for the dead: the next one starts and moves at once.
      const started = await here.pinning.start();
      expect(started.placed && (await started.run.finish({ outcome: "completed" }))).toBe("finished");
    }
  }, 60_000);
});
