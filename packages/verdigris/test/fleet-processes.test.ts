import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore, type SqliteStore } from "@verdigris/store-sqlite";
import { createVerdigris, defineBundle, type Verdigris } from "verdigris";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Program, runProgram } from "./program.ts";

const code = { commit: "0123456789abcdef", build: `sha256:${"0".repeat(64)}` } as const;
const bundleNamed = (id: string) =>
  defineBundle({ id, code, prompts: { system: { version: id, text: id } } });

let directory: string;
let store: SqliteStore;
let here: Verdigris;
let programs: Program[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "verdigris-"));
  store = await createSqliteStore({ file: join(directory, "store.db") });
  const node = { name: "here", heartbeatMs: 100 };
  here = createVerdigris({
    agent: "support",
    store,
    bundle: bundleNamed("blue"),
    load: () => undefined,
    node,
    actor: "ana",
  });
  await here.ready();
  await here.register(bundleNamed("green"));
  programs = [];
}, 30_000);

afterEach(async () => {
  for (const program of programs) await program.kill();
  await here.close();
  await store.close();
  await rm(directory, { recursive: true, force: true });
}, 30_000);

async function run(name: string): Promise<Program> {
  const program = runProgram("node", join(directory, "store.db"), name);
  programs.push(program);
  await program.until(1);
  return program;
}

async function flip(supersede = false) {
  const { generation, route } = await here.status();
  const to = route?.live === "blue" ? "green" : "blue";
  return here.flip({ to, expect: generation, reason: "test", supersede });
}

const nodeNamed = async (name: string) => (await here.nodes()).find((node) => node.name === name);

describe("processes with node records", () => {
  it("one stopped across a flip is named, catches up, and starts nothing stale when it goes on [ROUTE-PROPAGATED] [I4]", async () => {
    const sleeper = await run("sleeper");
    await expect.poll(() => nodeNamed("sleeper")).toMatchObject({ generation: 1, expired: false });
    sleeper.child.kill("SIGSTOP");
    // Told while it cannot act, so that its first act afterwards is a start on the route it remembers.
    sleeper.tell("start");
    const { propagated } = await flip();
    const names = async () => (await propagated).stragglers.map(({ name, generation }) => [name, generation]);
    expect(await names()).toEqual([["sleeper", 1]]);
    expect(await propagated).toMatchObject({ outcome: "stragglers", acknowledged: 1 });
    sleeper.child.kill("SIGCONT");
    await sleeper.until(2);
    expect(sleeper.said[1]).toEqual({ started: "green" });
    await expect
      .poll(() => nodeNamed("sleeper"), { timeout: 5_000 })
      .toMatchObject({ generation: 2, expired: false });
    expect(await (await flip(true)).propagated).toMatchObject({ outcome: "everywhere", acknowledged: 2 });
  });

  it("killed at any point of start, flip and finish leave every acknowledged flip, once, and stand in nobody's way [I11] [NODE-RECORD]", async () => {
    const flips = new Map<number, string>();
    const names = ["a", "b", "c", "d"];
    for (const [round, name] of names.entries()) {
      const program = await run(name);
      program.tell("cycle");
      await program.until(2 + 3 * round);
      await program.kill();
      for (const line of program.said.slice(1) as { generation: number; to: string }[]) {
        expect(flips.has(line.generation), "a generation twice").toBe(false);
        flips.set(line.generation, line.to);
      }
      expect(await nodeNamed(name)).toBeDefined();
      const { generation } = await flip(true);
      flips.set(generation, here.router?.snapshot()?.route.live ?? "");
    }
    expect(await here.verifyAudit()).toMatchObject({ ok: true, holes: [] });
    const audit = new Map(
      (await here.audit({ limit: 1_000 })).map(({ entry }) => [entry.generation, entry.to.live]),
    );
    for (const [generation, to] of flips) expect(audit.get(generation)).toBe(to);
    const started = await here.start();
    expect(started.placed && started.run.bundle.id).toBe(here.router?.snapshot()?.route.live);
  });
});
