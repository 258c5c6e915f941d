import { createPrefixedStore, isId, isVerdigrisError, type Store } from "@verdigris/contracts";
import type { OnCall } from "@verdigris/release/on-call";
import type { Verdigris } from "verdigris";
import { CliError } from "../cli-error.ts";
import { type LoadedConfig, loadConfig } from "../config/load-config.ts";
import type { CliIo } from "../io.ts";
import { createPaint, type Paint } from "../terminal/paint.ts";
import { printable } from "../terminal/printable.ts";
import { type OpenStore, openStore } from "./open-store.ts";
import { parseStoreUrl } from "./store-url.ts";

/** Options that every command takes. */
export interface GlobalOptions {
  readonly store?: string;
  readonly prefix?: string;
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
  /** Everything about releases but to start and to drive them: loads little. */
  onCall(): Promise<OnCall>;
  verdigris(): Promise<Verdigris>;
  /** Text for people, or data for programs. */
  print(data: unknown, text: () => string): void;
}

/** What was said of the agent: by an option, by the config, or by the environment, in this order. */
interface Settings {
  readonly address: string;
  /** Where a path in the address begins. */
  readonly folder: string;
  readonly prefix: string | undefined;
  readonly agent: string;
  readonly actor: string;
}

function settingsOf(io: CliIo, options: GlobalOptions, { config, folder }: LoadedConfig): Settings {
  const address = options.store ?? config.store ?? io.env.VERDIGRIS_STORE;
  const agent = options.agent ?? config.agent ?? io.env.VERDIGRIS_AGENT;
  if (address === undefined || agent === undefined) {
    const missing = [address === undefined ? "--store" : "", agent === undefined ? "--agent" : ""].filter(
      (name) => name !== "",
    );
    throw new CliError(
      "usage",
      `name the agent and its store: ${missing.join(" and ")} missing, and no verdigris.config.mjs says so`,
    );
  }
  return {
    address,
    folder: options.store === undefined && config.store !== undefined ? folder : io.cwd,
    prefix: options.prefix ?? config.prefix ?? io.env.VERDIGRIS_PREFIX,
    agent,
    actor: options.actor ?? config.actor ?? io.user,
  };
}

/** Writes data as JSON, or what a person reads. */
export function printer(io: CliIo, json: boolean): Session["print"] {
  return (data, text) => {
    io.out.write(json ? `${JSON.stringify(data, null, 2)}\n` : `${printable(text())}\n`);
  };
}

/** Makes what a command may ask for when it first does, and closes it afterwards. */
function createOpeners({ agent, actor }: Settings, store: Store, closing: (() => Promise<void>)[]) {
  let onCall: Promise<OnCall> | null = null;
  let verdigris: Promise<Verdigris> | null = null;
  const openOnCall = async (): Promise<OnCall> => {
    const { createOnCall } = await import("@verdigris/release/on-call");
    const opened = createOnCall({ agent, store, actor });
    closing.unshift(() => opened.close());
    return opened;
  };
  const openVerdigris = async (): Promise<Verdigris> => {
    const { createVerdigris } = await import("verdigris");
    const quiet = { watch: false, node: false, usage: false, sweepMs: "never" } as const;
    const opened = createVerdigris({ agent, store, actor, ...quiet });
    closing.unshift(() => opened.close());
    return opened;
  };
  return {
    onCall: () => (onCall ??= openOnCall()),
    verdigris: () => (verdigris ??= openVerdigris()),
  };
}

/** Refuses a name that nobody ever wrote anything under: a mistyped one would look like an agent that has done nothing. */
async function requireAgent(store: Store, { agent, address }: Settings): Promise<void> {
  if (isId(agent) && (await store.list(`${agent}/`, { limit: 1 })).entries.length > 0) return;
  const { unknownAgent } = await import("./known-agents.ts");
  throw await unknownAgent(store, address, agent);
}

/**
 * Opens the agent, does `work`, and lets go of everything however it ends. With `mayBeNew`, a name without any record is taken for
 * an agent that begins here.
 */
export async function withSession<T>(
  io: CliIo,
  options: GlobalOptions,
  work: (session: Session) => Promise<T>,
  mayBeNew = false,
): Promise<T> {
  const loaded = await loadConfig(io.cwd, options.config);
  const settings = settingsOf(io, options, loaded);
  const { address, folder, prefix, agent, actor } = settings;
  const opened = await openStore(parseStoreUrl(address, folder));
  const closing: (() => Promise<void>)[] = [opened.close];
  // Timers of what is waited for keep no process alive, and a command that ends half-way through leaves its work undone.
  const alive = setInterval(() => {}, 60_000);
  const store = prefix === undefined ? opened.store : createPrefixedStore(opened.store, prefix);
  try {
    if (!mayBeNew) await requireAgent(store, settings);
    const json = options.json === true;
    const openers = createOpeners(settings, store, closing);
    const print = printer(io, json);
    return await work({
      ...{ io, json, agent, actor, store, loaded, print, ...openers },
      paint: createPaint(io),
      settings: opened.settings,
    });
  } catch (error) {
    if (isVerdigrisError(error) && error.code === "no-route") await requireAgent(store, settings);
    throw error;
  } finally {
    for (const end of closing) await end().catch(() => {});
    clearInterval(alive);
  }
}
