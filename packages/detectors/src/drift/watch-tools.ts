import {
  type Bundle,
  type Clock,
  canonicalJson,
  type Digest,
  InvalidArgumentError,
  type JsonValue,
  systemClock,
  type ToolEntry,
  VerdigrisError,
} from "@verdigris/contracts";
import { compareSchemas } from "./compare-schemas.ts";
import type { Drift, DriftBook, DriftClass } from "./drift-book.ts";

/** A tool's contract as its server or its code declares it now. */
export interface DeclaredTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: object;
  readonly outputSchema?: object | undefined;
  readonly annotations?: object | undefined;
}

/** Asks for all declared tools afresh, and for the version of who serves them. */
export type ListTools = () => Promise<{
  readonly tools: readonly DeclaredTool[];
  readonly version?: string | undefined;
}>;

/** Options of {@link watchTools}. */
export interface WatchToolsOptions {
  readonly bundle: Pick<Bundle, "id" | "tools">;
  readonly list: ListTools;
  /** What digested the contracts of the bundle: `digestOfContract` of `@verdigris/bundle`. */
  readonly digest: (contract: ToolContractParts) => Digest;
  readonly book: DriftBook;
  /** @default the host's time */
  readonly clock?: Clock;
  /** The contracts the bundle was made with, by entry, so that a drift says what has changed. @default those of the first listing that agree with the bundle */
  readonly contracts?: Readonly<Record<string, ToolContractParts>>;
  /** Names of tools by entry, for those that go by another one. @default the entry's own */
  readonly names?: Readonly<Record<string, string>>;
  /** How often the tools are listed; a server need not say that they changed. @default 300000 */
  readonly everyMs?: number;
  /** How long to wait after a server says so: it may say it many times. @default 1000 */
  readonly debounceMs?: number;
  readonly onFailed?: (error: unknown) => void;
}

/** What is digested of a tool. */
export interface ToolContractParts {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: object;
  readonly outputSchema?: object;
  readonly annotations?: object;
}

/** Watches the declared contracts of a bundle's tools. */
export interface ToolWatch {
  /** Lists the tools now and reports what has drifted. Rejects with what the server rejects with. */
  check(): Promise<readonly Drift[]>;
  /** The server said that its list has changed: it is looked at once it has been quiet for a while. */
  changed(): void;
  close(): void;
}

/** The part of an MCP client that is used; clients of `@modelcontextprotocol/sdk` 1.x fit. */
export interface McpListing {
  listTools(params?: {
    cursor?: string;
  }): Promise<{ readonly tools: readonly DeclaredTool[]; readonly nextCursor?: string | undefined }>;
  getServerVersion?(): { readonly version?: string | undefined } | undefined;
}

const mostPages = 1_000;

/** Lists every page of an MCP server's tools, from the server and never from what the client remembers. */
export function mcpTools(client: McpListing): ListTools {
  return async () => {
    const tools: DeclaredTool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < mostPages; page++) {
      const answer = await client.listTools(cursor === undefined ? {} : { cursor });
      tools.push(...answer.tools);
      cursor = answer.nextCursor;
      if (cursor === undefined) return { tools, version: client.getServerVersion?.()?.version };
    }
    throw new VerdigrisError("bundle-invalid", "the server lists pages of tools without end", {});
  };
}

/**
 * Watches what tools declare against the contracts their bundle was made with, by digest: a list that says the same is no drift,
 * however often it is announced. Works alike for MCP servers and for functions whose contracts `list` returns.
 */
export function watchTools(options: WatchToolsOptions): ToolWatch {
  const { bundle, clock = systemClock, everyMs = 300_000, debounceMs = 1_000, onFailed = () => {} } = options;
  if (typeof options.digest !== "function")
    throw new InvalidArgumentError("digest", "must be digestOfContract of @verdigris/bundle");
  const originals = new Map<string, ToolContractParts>(Object.entries(options.contracts ?? {}));
  let version: string | undefined;
  let cancel = (): void => {};
  let closed = false;

  const check = async (): Promise<readonly Drift[]> => {
    const listed = await options.list();
    const byName = new Map(listed.tools.map((tool) => [tool.name, partsOf(tool)]));
    const found: Drift[] = [];
    for (const [entry, pinned] of Object.entries(bundle.tools)) {
      const now = byName.get(options.names?.[entry] ?? entry);
      const drifts = driftOf(entry, pinned, originals, now, options.digest);
      options.book.report(bundle.id, entry, "declared", drifts);
      found.push(...drifts);
    }
    version ??= listed.version;
    const moved = version !== listed.version;
    const server: Drift[] = moved
      ? [drift("server", "cosmetic", "version", "the server reports another version")]
      : [];
    options.book.report(bundle.id, "server", "declared", server);
    return [...found, ...server];
  };
  let latest = clock.monotonic() + everyMs;
  const look = async (): Promise<void> => {
    try {
      await check();
    } catch (error) {
      onFailed(error);
    }
    latest = clock.monotonic() + everyMs;
    again(everyMs);
  };
  const again = (ms: number): void => {
    cancel();
    if (!closed) cancel = clock.setTimer(() => void look(), ms);
  };
  again(everyMs);
  return {
    check,
    // A server that never falls silent is looked at when it would have been anyway.
    changed: () => again(Math.max(0, Math.min(debounceMs, latest - clock.monotonic()))),
    close() {
      closed = true;
      cancel();
    },
  };
}

function partsOf({
  name,
  description,
  inputSchema,
  outputSchema,
  annotations,
}: DeclaredTool): ToolContractParts {
  const parts = { name, description: description ?? "", inputSchema, outputSchema, annotations };
  // It came as JSON; what a client made undefined on the way never was in it.
  return JSON.parse(JSON.stringify(parts)) as ToolContractParts;
}

function drift(entry: string, kind: DriftClass, path: string, change: string): Drift {
  return { entry, origin: "declared", class: kind, path, change };
}

function driftOf(
  entry: string,
  pinned: ToolEntry,
  originals: Map<string, ToolContractParts>,
  now: ToolContractParts | undefined,
  digest: WatchToolsOptions["digest"],
): Drift[] {
  if (now === undefined) return [drift(entry, "breaking", "", "the tool is gone")];
  if (digest(now) === pinned.contract) {
    originals.set(entry, now);
    return [];
  }
  const before = originals.get(entry);
  if (before === undefined)
    return [drift(entry, "breaking", "", "its contract is not the one the bundle was made with")];
  return compareContracts(entry, before, now);
}

/** What changed between two contracts of a tool. */
function compareContracts(entry: string, before: ToolContractParts, now: ToolContractParts): Drift[] {
  const schemas = [
    ...compareSchemas("input", before.inputSchema, now.inputSchema),
    ...compareSchemas("output", before.outputSchema, now.outputSchema),
  ];
  const found = schemas.map(({ path, class: kind, change }) => drift(entry, kind, path, change));
  if (before.description !== now.description)
    found.push(drift(entry, "cosmetic", "description", "has changed"));
  const text = (value: object | undefined): string =>
    value === undefined ? "" : canonicalJson(value as JsonValue);
  if (text(before.annotations) !== text(now.annotations))
    found.push(
      drift(
        entry,
        losesSafety(before.annotations, now.annotations) ? "breaking" : "cosmetic",
        "annotations",
        "have changed",
      ),
    );
  return found;
}

/** True when a tool no longer says that it only reads, or now says that it destroys. */
function losesSafety(before: object = {}, now: object = {}): boolean {
  const [old, is] = [before, now] as Readonly<Record<string, unknown>>[];
  return (
    (old?.readOnlyHint === true && is?.readOnlyHint !== true) ||
    (old?.destructiveHint === false && is?.destructiveHint !== false)
  );
}
