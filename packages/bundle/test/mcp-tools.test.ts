import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { ListToolsRequestSchema, type Tool } from "@modelcontextprotocol/sdk/types.js";
import { isVerdigrisError } from "@verdigris/contracts";
import { afterEach, describe, expect, it } from "vitest";
import { mcpEntries, type ToolListingClient } from "../src/gather/mcp-tools.ts";
import { digestOfContract, type ToolContract } from "../src/index.ts";

const inputSchema = { type: "object" as const, properties: { query: { type: "string" } } };
const search: Tool = {
  name: "search",
  title: "Search the manual",
  description: "Finds pages.",
  inputSchema,
  outputSchema: { type: "object" as const, properties: { hits: { type: "array" } } },
  annotations: { readOnlyHint: true },
};
const read: Tool = { name: "read", inputSchema: { type: "object" as const } };

const open: Client[] = [];
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});

/** A client of the published SDK, connected to a server of it that lists `pages`, one tool list per page. */
async function connected(pages: readonly (readonly Tool[])[], version = "2.3.1"): Promise<Client> {
  const server = new Server({ name: "docs", version }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) => {
    const page = Number(params?.cursor ?? 0);
    const tools = [...(pages[page] ?? [])];
    return page + 1 < pages.length ? { tools, nextCursor: String(page + 1) } : { tools };
  });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: "release", version: "1.0.0" });
  await Promise.all([server.connect(far), client.connect(near)]);
  open.push(client);
  return client;
}

async function failure(client: unknown, more: object = {}): Promise<{ code: string; paths: string[] }> {
  const source = { client: client as ToolListingClient, ...more };
  const error: unknown = await mcpEntries("mcp.0", source).catch((reason: unknown) => reason);
  if (!isVerdigrisError(error)) throw new Error(`no failure of ours: ${String(error)}`);
  const issues = (error.details.issues ?? []) as { path: string }[];
  return { code: error.code, paths: issues.map(({ path }) => path) };
}

describe("the tools of an MCP server", () => {
  it("are all tools of all pages, with the server's version and the digest of the contract", async () => {
    const entries = await mcpEntries("mcp.0", { client: await connected([[search], [], [read]]) });
    const { title: _, ...contract } = search;
    expect(Object.fromEntries(entries)).toEqual({
      search: {
        version: "2.3.1",
        contract: digestOfContract({ ...contract, description: "Finds pages." } as ToolContract),
        pinned: "not",
      },
      read: {
        version: "2.3.1",
        contract: digestOfContract({ name: "read", description: "", inputSchema: { type: "object" } }),
        pinned: "not",
      },
    });
  });

  it("have another digest when any part of the contract differs, and the same when the rest does", async () => {
    const contractOf = async (tool: Tool): Promise<string | undefined> => {
      const entries = await mcpEntries("mcp.0", { client: await connected([[tool]], "9.9.9") });
      return [...entries.values()][0]?.contract;
    };
    const { outputSchema: _, ...withoutOutput } = search;
    const variants = [
      search,
      { ...search, name: "find" },
      { ...search, description: "Finds." },
      { ...search, inputSchema: { ...inputSchema, required: ["query"] } },
      withoutOutput,
      { ...search, annotations: { readOnlyHint: false } },
    ];
    expect(new Set(await Promise.all(variants.map(contractOf))).size).toBe(variants.length);
    expect(await contractOf({ ...search, title: "x", _meta: { a: 1 } })).toBe(await contractOf(search));
  });

  it("may be a choice of them, under their own or other names, held by whom the caller says", async () => {
    const client = await connected([[search, read]]);
    const chosen = await mcpEntries("mcp.0", { client, names: ["read"], pinned: "by-service" });
    expect([...chosen].map(([name, { pinned }]) => [name, pinned])).toEqual([["read", "by-service"]]);
    const renamed = await mcpEntries("mcp.0", { client, names: { docsSearch: "search" } });
    expect([...renamed.keys()]).toEqual(["docsSearch"]);
    expect(await failure(client, { names: ["write", "read", "erase"] })).toEqual({
      code: "bundle-invalid",
      paths: ["mcp.0.names", "mcp.0.names"],
    });
  });

  it("take a version from their contract where the server reports none", async () => {
    const client = { listTools: async () => ({ tools: [read] }) };
    const [entry] = (await mcpEntries("mcp.0", { client })).values();
    expect(entry?.version).toBe(entry?.contract.slice(7, 19));
    const silent = { ...client, getServerVersion: () => undefined };
    expect((await mcpEntries("mcp.0", { client: silent })).get("read")).toEqual(entry);
  });

  it.each<readonly [string, unknown, string]>([
    ["no client", { tools: [] }, "mcp.0.client"],
    ["a server that refuses", { listTools: () => Promise.reject(new Error("no")) }, "mcp.0"],
    [
      "a client that throws",
      {
        listTools: () => {
          throw new Error("closed");
        },
      },
      "mcp.0",
    ],
    ["an answer without tools", { listTools: async () => ({}) }, "mcp.0"],
    ["no answer at all", { listTools: async () => undefined }, "mcp.0"],
    ["a tool that is nothing", { listTools: async () => ({ tools: [null] }) }, "mcp.0"],
    ["a tool without a name", { listTools: async () => ({ tools: [{ inputSchema }] }) }, "mcp.0"],
    [
      "a version that cannot be asked for",
      {
        listTools: async () => ({ tools: [read] }),
        getServerVersion: () => {
          throw new Error("closed");
        },
      },
      "mcp.0",
    ],
    ["a tool listed twice", { listTools: async () => ({ tools: [read, read] }) }, "mcp.0"],
    ["a page that comes again", { listTools: async () => ({ tools: [], nextCursor: "a" }) }, "mcp.0"],
    ["a tool without a schema", { listTools: async () => ({ tools: [{ name: "x" }] }) }, "mcp.0.x"],
  ])("%s is bundle-invalid with its place", async (_, client, path) => {
    expect(await failure(client)).toEqual({ code: "bundle-invalid", paths: [path] });
  });

  it("end with the page whose next one is null, as some clients have it", async () => {
    const client = { listTools: async () => ({ tools: [read], nextCursor: null }) };
    const entries = await mcpEntries("mcp.0", { client: client as unknown as ToolListingClient });
    expect([...entries.keys()]).toEqual(["read"]);
  });

  it("are not waited for once the signal has fired, and the client is told", async () => {
    const reason = new Error("enough");
    const abort = new AbortController();
    let told: AbortSignal | undefined;
    const client: ToolListingClient = {
      listTools: (_, options) => {
        told = options?.signal;
        return new Promise(() => {});
      },
    };
    const listing = mcpEntries("mcp.0", { client }, abort.signal);
    abort.abort(reason);
    await expect(listing).rejects.toBe(reason);
    expect(told?.reason).toBe(reason);
    told = undefined;
    await expect(mcpEntries("mcp.0", { client }, abort.signal)).rejects.toBe(reason);
    expect(told).toBeUndefined();
  });

  it("come the same with a signal that never fires", async () => {
    const client = await connected([[search], [read]]);
    const { signal } = new AbortController();
    expect(await mcpEntries("mcp.0", { client }, signal)).toEqual(await mcpEntries("mcp.0", { client }));
    expect(await mcpEntries("mcp.0", { client }, signal).then((entries) => entries.size)).toBe(2);
  });

  it("do not come from pages without end", async () => {
    let page = 0;
    const client = { listTools: async () => ({ tools: [], nextCursor: String(page++) }) };
    expect(await failure(client)).toEqual({ code: "bundle-invalid", paths: ["mcp.0"] });
    expect(page).toBeLessThan(1_100);
  });
});
