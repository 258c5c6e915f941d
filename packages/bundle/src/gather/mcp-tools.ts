import { isPlainObject, isVerdigrisError, joinPath, type ToolEntry } from "@verdigris/contracts";
import { digestOfContract, type ToolContract } from "../digest.ts";
import { type BundleIssue, invalidBundle } from "../issues.ts";

/** One tool as an MCP server lists it; other members are not part of the contract. */
export interface ListedTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: object;
  readonly outputSchema?: object | undefined;
  readonly annotations?: object | undefined;
}

/** The part of a connected MCP client that is used; clients of `@modelcontextprotocol/sdk` 1.x fit. */
export interface ToolListingClient {
  listTools(
    params?: { cursor?: string },
    options?: { signal?: AbortSignal },
  ): Promise<{
    readonly tools: readonly ListedTool[];
    readonly nextCursor?: string | undefined;
  }>;
  getServerVersion?(): { readonly version?: string | undefined } | undefined;
}

/** The tools of one MCP server. */
export interface McpTools<N extends string = string> {
  readonly client: ToolListingClient;
  /** The tools to take, by name, or by entry name for a tool that goes by another one. @default all of them */
  readonly names?: readonly N[] | { readonly [K in N]: string };
  /** Who holds the server's version still. @default "not" */
  readonly pinned?: ToolEntry["pinned"];
}

const maxPages = 1_000;

/**
 * The entries of the tools that `source` names: the contract is name, description, schemas and annotations, the version is
 * the server's, or the first 12 hex digits of the contract's digest where the server reports none. Follows every page.
 * Throws `bundle-invalid` below `path`, and the reason of `signal` once it has fired, whatever the server does.
 */
export async function mcpEntries(
  path: string,
  source: McpTools,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ToolEntry>> {
  if (!isPlainObject(source) || typeof source.client?.listTools !== "function") {
    throw invalidBundle("bundle", [{ path: `${path}.client`, problem: "must be a client with listTools" }]);
  }
  const { listed, version } = await listAll(path, source.client, signal);
  const entries = new Map<string, ToolEntry>();
  const issues: BundleIssue[] = [];
  for (const [entry, name] of namesOf(source, listed)) {
    const tool = listed.get(name);
    if (tool === undefined)
      issues.push({ path: `${path}.names`, problem: `names no tool of the server: ${name}` });
    else entries.set(entry, entryOf(joinPath(path, name), tool, version, source.pinned ?? "not"));
  }
  if (issues.length > 0) throw invalidBundle("bundle", issues);
  return entries;
}

function namesOf(
  source: McpTools,
  listed: ReadonlyMap<string, unknown>,
): Iterable<readonly [string, string]> {
  if (source.names === undefined) return [...listed.keys()].map((name) => [name, name] as const);
  if (!Array.isArray(source.names)) return Object.entries<string>(source.names as Record<string, string>);
  return source.names.map((name: string) => [name, name] as const);
}

interface Listing {
  readonly listed: ReadonlyMap<string, ListedTool>;
  readonly version: string | undefined;
}

async function listAll(path: string, client: ToolListingClient, signal?: AbortSignal): Promise<Listing> {
  const fail = (problem: string, cause?: unknown): Error =>
    invalidBundle("bundle", [{ path, problem }], { cause });
  const listed = new Map<string, ListedTool>();
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await asked(client, cursor, signal).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw fail("did not list its tools", cause);
    });
    if (!isListing(page)) throw fail("answered with something else than a list of named tools");
    for (const tool of page.tools) {
      if (listed.has(tool.name)) throw fail(`lists a tool twice: ${tool.name}`);
      listed.set(tool.name, tool);
    }
    cursor = page.nextCursor ?? undefined;
    if (cursor !== undefined && (seen.has(cursor) || seen.size >= maxPages))
      throw fail("lists pages without end");
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined);
  return { listed, version: versionOf(client, fail) };
}

/** One page. A client need not honour the signal, so its answer is not waited for once that has fired. */
async function asked(
  client: ToolListingClient,
  cursor: string | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const params = cursor === undefined ? {} : { cursor };
  if (signal === undefined) return client.listTools(params);
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    // Before the call, which may itself end in the signal firing.
    signal.addEventListener("abort", stop, { once: true });
    const page = async (): Promise<unknown> => client.listTools(params, { signal });
    page()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", stop));
  });
}

function isListing(
  page: unknown,
): page is { readonly tools: readonly ListedTool[]; readonly nextCursor?: string | null } {
  if (typeof page !== "object" || page === null || !("tools" in page) || !Array.isArray(page.tools))
    return false;
  return page.tools.every((tool: unknown) => isPlainObject(tool) && typeof tool.name === "string");
}

function versionOf(
  client: ToolListingClient,
  fail: (problem: string, cause: unknown) => Error,
): string | undefined {
  try {
    return client.getServerVersion?.()?.version;
  } catch (cause) {
    throw fail("did not tell its version", cause);
  }
}

function entryOf(
  path: string,
  { name, description, inputSchema, outputSchema, annotations }: ListedTool,
  version: string | undefined,
  pinned: ToolEntry["pinned"],
): ToolEntry {
  try {
    const parts = { name, description: description ?? "", inputSchema, outputSchema, annotations };
    // It came as JSON; what a client made undefined on the way never was in it.
    const contract = digestOfContract(JSON.parse(JSON.stringify(parts)) as ToolContract);
    return { version: version ?? contract.slice(7, 19), contract, pinned };
  } catch (cause) {
    if (!isVerdigrisError(cause)) throw cause;
    throw invalidBundle("bundle", [{ path, problem: `cannot be digested: ${cause.message}` }], { cause });
  }
}
