import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { InvalidArgumentError, type NodeSurroundings } from "@verdigris/contracts";

/** What the host says of where its process runs. */
export interface SurroundingsOptions {
  /** Where it runs, in the host's words: `eu-west-1`. At most 128 characters. */
  readonly region?: string;
  /**
   * Names of environment variables that are to be the same in every process, at most 32. Of each value a digest of 24 bits goes on
   * record: enough to tell processes apart, too little to tell a secret. What has few possible values can be guessed by it.
   * @default []
   */
  readonly environment?: readonly string[];
}

interface Host {
  readonly process?: {
    readonly versions?: Readonly<Record<string, string | undefined>>;
    readonly env?: Readonly<Record<string, string | undefined>>;
  };
  readonly navigator?: { readonly userAgent?: string };
  readonly [key: symbol]: unknown;
}

const host = globalThis as Host;

/** Where OpenTelemetry's API keeps what was registered, whichever of its copies registered it. */
const openTelemetryKey: symbol = Symbol.for("opentelemetry.js.api.1");

function runtime(): string {
  const { versions } = host.process ?? {};
  // Bun and Deno name a version of Node as well, for the sake of older code.
  for (const name of ["bun", "deno", "node"]) {
    const version = versions?.[name];
    if (version !== undefined) return `${name} ${version}`;
  }
  return host.navigator?.userAgent ?? "unknown";
}

function openTelemetry(): string | null {
  const registry = host[openTelemetryKey] as { readonly version?: string } | undefined;
  return registry?.version ?? null;
}

function digestsOf(scope: string, names: readonly string[]): Readonly<Record<string, string | null>> {
  const env = host.process?.env ?? {};
  const digest = (name: string): string | null => {
    const value = env[name];
    if (value === undefined) return null;
    return bytesToHex(sha256(utf8ToBytes(JSON.stringify([scope, name, value])))).slice(0, 6);
  };
  return Object.fromEntries(names.map((name) => [name, digest(name)]));
}

/** Reads what a process says of where it runs; variables as they are now, the registry of OpenTelemetry at every call. */
export function createSurroundings(
  scope: string,
  { region, environment = [] }: SurroundingsOptions,
): () => NodeSurroundings {
  if (region !== undefined && (typeof region !== "string" || region === "" || region.length > 128))
    throw new InvalidArgumentError("node.region", "must be a text of 1 to 128 characters");
  const listed = Array.isArray(environment) && environment.every((name) => typeof name === "string");
  if (!listed || environment.length > 32)
    throw new InvalidArgumentError("node.environment", "must be a list of at most 32 names of variables");
  const settled: NodeSurroundings = {
    runtime: runtime(),
    ...(region === undefined ? {} : { region }),
    ...(environment.length === 0 ? {} : { environment: digestsOf(scope, environment) }),
  };
  return () => ({ ...settled, openTelemetry: openTelemetry() });
}
