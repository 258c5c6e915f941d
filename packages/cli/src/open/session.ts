import type { Store } from "@verdigris/contracts";
import type { Releases } from "@verdigris/release";
import type { Verdigris } from "verdigris";
import { CliError } from "../cli-error.ts";
import { type LoadedConfig, loadConfig } from "../config/load-config.ts";
import type { CliIo } from "../io.ts";
import { createPaint, type Paint } from "../terminal/paint.ts";
import { printable } from "../terminal/table.ts";
import { type OpenStore, openStore } from "./open-store.ts";
import { parseStoreUrl } from "./store-url.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly store?: string;
  readonly agent?: string;
  readonly config?: string;
  readonly actor?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** One agent, opened for one command. */
export interface Session {
  readonly io: CliIo;
  readonly paint: Paint;
  readonly json: boolean;
  readonly agent: string;
  readonly actor: string;
  readonly store: Store;
  readonly settings: OpenStore["settings"];
  readonly loaded: LoadedConfig;
  releases(): Promise<Releases>;
  verdigris(): Promise<Verdigris>;
  /** Text for people, or data for programs. */
  print(data: unknown, text: () => string): void;
}

function settings(
  io: CliIo,
  options: GlobalOptions,
  { config }: LoadedConfig,
): { store: string; agent: string; actor: string } {
  const store = options.store ?? config.store ?? io.env.VERDIGRIS_STORE;
  const agent = options.agent ?? config.agent ?? io.env.VERDIGRIS_AGENT;
  if (store === undefined || agent === undefined) {
    const missing = [store === undefined ? "--store" : "", agent === undefined ? "--agent" : ""].filter(
      (name) => name !== "",
    );
    throw new CliError(
      "usage",
      `name the agent and its store: ${missing.join(" and ")} missing, and no verdigris.config.mjs says so`,
    );
  }
  return { store, agent, actor: options.actor ?? config.actor ?? io.user };
}

/** Writes data as JSON, or what a person reads. */
export function printer(io: CliIo, json: boolean): Session["print"] {
  return (data, text) => {
    io.out.write(json ? `${JSON.stringify(data, null, 2)}\n` : `${printable(text())}\n`);
  };
}

/** Opens the agent, does `work`, and lets go of everything however it ends. */
export async function withSession<T>(
  io: CliIo,
  options: GlobalOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const loaded = await loadConfig(io.cwd, options.config);
  const { store: address, agent, actor } = settings(io, options, loaded);
  const folder = options.store === undefined && loaded.config.store !== undefined ? loaded.folder : io.cwd;
  const { store, settings: storeSettings, close } = await openStore(parseStoreUrl(address, folder));
  const closing: (() => Promise<void>)[] = [close];
  let releases: Promise<Releases> | null = null;
  let verdigris: Promise<Verdigris> | null = null;
  const openReleases = async (): Promise<Releases> => {
    const { createReleases } = await import("@verdigris/release");
    const opened = createReleases({ agent, store, actor });
    closing.unshift(() => opened.close());
    return opened;
  };
  const openVerdigris = async (): Promise<Verdigris> => {
    const { createVerdigris } = await import("verdigris");
    const opened = createVerdigris({
      agent,
      store,
      actor,
      watch: false,
      node: false,
      usage: false,
      sweepMs: "never",
    });
    closing.unshift(() => opened.close());
    return opened;
  };
  try {
    return await work({
      io,
      paint: createPaint(io),
      json: options.json === true,
      agent,
      actor,
      store,
      settings: storeSettings,
      loaded,
      releases: () => (releases ??= openReleases()),
      verdigris: () => (verdigris ??= openVerdigris()),
      print: printer(io, options.json === true),
    });
  } finally {
    for (const end of closing) await end().catch(() => {});
  }
}
