import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "@verdigris/contracts";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createVerdigris, defineBundle, type Verdigris } from "verdigris";
import { onTestFinished, vi } from "vitest";
import { type CliIo, runCli } from "../src/index.ts";

const code = { commit: "c0ffee", build: `sha256:${"0".repeat(64)}` } as const;

const define = (id: string, at: number) =>
  defineBundle({ id, code, prompts: { system: { version: String(at), text: `prompt ${id}` } } });
const first = define("v1", 1);
export const bundles = [first, define("v2", 2), define("v3", 3)];

/** What one command said and ended with. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What it printed, as data. */
  json<T = Record<string, unknown>>(): T;
}

/** An agent in a file, as its processes left it, and the command line over it. */
export interface World {
  readonly folder: string;
  readonly file: string;
  readonly store: Store;
  readonly app: Verdigris<string>;
  /** Runs a command on the agent; options of its own win. */
  run(...argv: string[]): Promise<Said>;
  /** The same at another terminal. */
  at(io: Partial<CliIo>): (...argv: string[]) => Promise<Said>;
}

/** A terminal nobody sits at, and what was written to it. */
export function capture(io: Partial<CliIo> = {}): (...argv: string[]) => Promise<Said> {
  return async (...argv) => {
    const out: string[] = [];
    const err: string[] = [];
    const terminal: CliIo = {
      out: { write: (text) => out.push(text) },
      err: { write: (text) => err.push(text) },
      env: {},
      cwd: tmpdir(),
      now: Date.now,
      user: "ana",
      ask: null,
      signal: new AbortController().signal,
      ...io,
    };
    const ended = await runCli(argv, terminal);
    const text = out.join("");
    return { code: ended, out: text, err: err.join(""), json: <T>() => JSON.parse(text) as T };
  };
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "verdigris-cli-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An agent `support` on v1, with v2 and v3 registered, in a file. */
export async function createWorld(): Promise<World> {
  const folder = await temporaryFolder();
  const file = join(folder, "agent.db");
  const store = await createSqliteStore({ file });
  const app = await agentOn(store);
  onTestFinished(() => store.close());
  const at =
    (io: Partial<CliIo>) =>
    (...argv: string[]) =>
      capture({ cwd: folder, ...io })("--store", `sqlite:${file}`, "--agent", "support", ...argv);
  return { folder, file, store, app, run: at({}), at };
}

/** An agent `support` on v1 in a store, with v2 and v3 registered; closed after the test. */
export async function agentOn(store: Store): Promise<Verdigris<string>> {
  const app = createVerdigris({
    agent: "support",
    store,
    bundle: first,
    load: ({ id }) => id,
    node: { name: "worker-1" },
    sweepMs: "never",
  });
  for (const bundle of bundles) await app.register(bundle);
  onTestFinished(() => app.close());
  return app;
}

/** Sends new runs to a bundle, as a person would by hand. */
export async function flipTo(world: Pick<World, "app">, to: string): Promise<void> {
  const { generation } = await world.app.status();
  await world.app.flip({ to, reason: "a test", expect: generation });
}

/** Changes one entry of the audit behind everybody's back. */
export async function tamper(world: World, generation: number, from: string, to: string): Promise<void> {
  const key = `support/audit/${String(generation).padStart(10, "0")}`;
  const entry = (await world.store.get([key])).entries[0] ?? null;
  if (entry === null) throw new Error(`there is no ${key}`);
  await world.store.commit([{ op: "put", key, rev: entry.rev, value: entry.value.replace(from, to) }]);
}

/** Puts another process on record: like one that is there, but for `more`. */
export async function addNode(world: World, id: string, more: Record<string, unknown>): Promise<void> {
  const like = await vi.waitUntil(
    async () => (await world.store.list("support/node/", { limit: 1 })).entries[0],
  );
  const value = JSON.stringify({ ...JSON.parse(like?.value ?? "{}"), id, name: id, ...more });
  await world.store.commit([{ op: "put", key: `support/node/${id}`, rev: 0, value }]);
}
