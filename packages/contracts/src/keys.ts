import { InvalidArgumentError } from "./errors.ts";

const idPattern = /^[A-Za-z0-9._:-]{1,128}$/;

/** True for text that may stand in a store key: 1 to 128 of `A-Z a-z 0-9 . _ : -`. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && idPattern.test(value);
}

/** Returns `value` when it is an id; throws `invalid-argument` naming `argument` otherwise. */
export function requireId(argument: string, value: unknown): string {
  if (!isId(value)) {
    const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : typeof value;
    throw new InvalidArgumentError(argument, `must match ${idPattern.source}, got ${shown}`);
  }
  return value;
}

/** Milliseconds as 13 digits, so that byte order is time order (until the year 2286). */
export function timeKey(atMs: number): string {
  return String(Math.max(0, Math.min(9_999_999_999_999, Math.floor(atMs)))).padStart(13, "0");
}

/** The keys of one agent. All of them share the prefix `{agent}/`, so one agent can live on one shard. */
export interface AgentKeys {
  readonly prefix: string;
  readonly route: string;
  readonly pins: string;
  bundle(id: string): string;
  index(name: string, version: string): string;
  pinsOf(bundle: string): string;
  pin(bundle: string, deadline: number, run: string): string;
  claim(id: string): string;
  moved(run: string): string;
  /** Marks of expired pins that were removed: all, those from a deadline on, or one. */
  swept(deadline?: number, run?: string): string;
  audit(generation: number): string;
  /** All node records. */
  readonly nodes: string;
  node(id: string): string;
  notice(at: number, id: string): string;
  /** Names the release under way, or the last one. */
  readonly releasing: string;
  /** The lease of the process that drives it. */
  readonly driver: string;
  /** All releases, or one. */
  release(id?: string): string;
  /** One transition of a release; all of them without a number. */
  step(release: string, seq?: number): string;
  /** All bundles that must not go live again, or one. */
  denied(bundle?: string): string;
  /** A part of evidence kept under its digest, without its `sha256:`. */
  evidence(hex: string, part: number): string;
  /** All drills, or one. */
  drill(at?: number): string;
  /** The drill under way. */
  readonly drilling: string;
  /** What a switch source last said. */
  switched(source: string): string;
  /** What the agent itself remembers, in layers; its rows are named by `@verdigris/agent-state`. */
  readonly state: string;
  /** All batches of usage records, and one: of the node that wrote it, by the time of its first record. */
  readonly usages: string;
  usage(at: number, node: string, seq: number): string;
  /** All windows of a bundle, or what one node counted of the runs that started in the minute from `at`; `part` where it is split. */
  windows(bundle: string): string;
  window(bundle: string, at: number, node: string, part?: number): string;
  /** The header of a content-addressed blob; `hex` is the digest without its `sha256:`. */
  blob(hex: string): string;
  /** All chunks, those of one upload, or one of them. */
  chunks(hex?: string, upload?: string): string;
  chunk(hex: string, upload: string, index: number): string;
}

/** Builds the keys of `agent`; see `docs/formats.md` for what stands under each. */
export function agentKeys(agent: string): AgentKeys {
  const prefix = `${requireId("agent", agent)}/`;
  const pins = `${prefix}pin/`;
  return {
    prefix,
    route: `${prefix}route`,
    pins,
    nodes: `${prefix}node/`,
    state: `${prefix}state/`,
    node: (id) => `${prefix}node/${id}`,
    bundle: (id) => `${prefix}bundle/${id}`,
    index: (name, version) => `${prefix}index/${name}/${version}`,
    pinsOf: (bundle) => `${pins}${bundle}/`,
    pin: (bundle, deadline, run) => `${pins}${bundle}/${timeKey(deadline)}/${run}`,
    claim: (id) => `${prefix}claim/${id}`,
    moved: (run) => `${prefix}moved/${run}`,
    swept: (deadline, run) =>
      `${prefix}swept/${deadline === undefined ? "" : timeKey(deadline)}${run === undefined ? "" : `/${run}`}`,
    audit: (generation) => `${prefix}audit/${String(generation).padStart(10, "0")}`,
    windows: (bundle) => `${prefix}window/${bundle}/`,
    window: (bundle, at, node, part) =>
      `${prefix}window/${bundle}/${timeKey(at)}/${node}${part === undefined ? "" : `:${part}`}`,
    blob: (hex) => `${prefix}blob/${hex}`,
    chunks: (hex, upload) =>
      `${prefix}chunk/${hex === undefined ? "" : `${hex}/`}${upload === undefined ? "" : `${upload}/`}`,
    chunk: (hex, upload, index) => `${prefix}chunk/${hex}/${upload}/${String(index).padStart(5, "0")}`,
    usages: `${prefix}usage/`,
    usage: (at, node, seq) => `${prefix}usage/${timeKey(at)}/${node}-${seq}`,
    notice: (at, id) => `${prefix}notice/${timeKey(at)}/${id}`,
    releasing: `${prefix}releasing`,
    driver: `${prefix}lease/driver`,
    release: (id = "") => `${prefix}release/${id}`,
    step: (release, seq) =>
      `${prefix}step/${release}/${seq === undefined ? "" : String(seq).padStart(6, "0")}`,
    denied: (bundle = "") => `${prefix}denied/${bundle}`,
    evidence: (hex, part) => `${prefix}evidence/${hex}/${String(part).padStart(3, "0")}`,
    drill: (at) => `${prefix}drill/${at === undefined ? "" : timeKey(at)}`,
    drilling: `${prefix}drilling`,
    switched: (source) => `${prefix}switch/${source}`,
  };
}

/** What every start and finish, every heartbeat, every upload and every write of an agent's memory writes. */
const quietKey =
  /(^|\/)(state\/layer\/.+|pin\/[^/]+\/\d{13}\/[^/]+|(claim|moved|node|lease)\/[^/]+|(notice|usage|swept|window\/[^/]+)\/\d{13}\/[^/]+|chunk\/[^/]+\/[^/]+\/\d{5}|step\/[^/]+\/\d{6}|evidence\/[^/]+\/\d{3})$/;

/**
 * True for a key whose changes a store with `push` tells its watchers of; for authors of adapters. False for what comes
 * with every run (`pin`, `claim`, `moved`, `swept`, `usage`, `window`, an agent's memory), heartbeat (`node`, `lease`) and upload (`chunk`),
 * for what stands beside the record of a release (`step`, `evidence`), and for `notice`: a start must not wake a fleet, and
 * routes and lifecycle are what it listens for.
 */
export function announces(key: string): boolean {
  return key.endsWith("/route") || !quietKey.test(key);
}
