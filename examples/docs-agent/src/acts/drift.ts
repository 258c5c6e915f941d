import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  ListToolsRequestSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { digestOfContract } from "@verdigris/bundle";
import { type Drift, mcpTools, watchTools } from "@verdigris/detectors/drift";
import type { BundleId, Signal } from "verdigris";
import { type ToolContract, toolContracts } from "../agent/tools.ts";
import type { Stage } from "../stage.ts";

/** What was noticed of a tool that changed under a bundle. */
export interface ToolChange {
  readonly bundle: BundleId;
  /** Before the change there must be none. */
  readonly before: readonly Drift[];
  readonly after: readonly Drift[];
  readonly signal: Signal;
}

/** A server of the Model Context Protocol that offers `read_doc`, and one day answers otherwise. */
export async function changeTool(stage: Stage): Promise<ToolChange> {
  const { verdigris, view, drift } = stage;
  const declared = toolContracts.filter(({ name }) => name === "read_doc");
  const { server, client, offer } = await connect(declared);
  const live = (await verdigris.status()).route?.live ?? "none";
  const { id, tools } = await verdigris.bundle(live);
  const pinned = Object.fromEntries(Object.entries(tools).filter(([name]) => name === "read_doc"));
  const watch = watchTools({
    ...{ bundle: { id, tools: pinned }, list: mcpTools(client), digest: digestOfContract },
    ...{ book: drift, debounceMs: 20 },
  });
  const before = await watch.check();
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => watch.changed());
  offer(declared.map(renameText));
  await server.sendToolListChanged();
  const after = await noticed(stage, id);
  watch.close();
  await client.close();
  const signal = (await verdigris.signals(id)).find(({ name }) => name === "tool-drift");
  if (signal === undefined) throw new Error("no rule speaks of tools");
  view.line(`   before: ${before.length} differences from what ${id} was made with`);
  for (const { entry, path, change, class: kind } of after)
    view.line(`   after:  ${entry} ${path} ${change} (${kind})`);
  view.line(`   ${view.paint("red", `${signal.name}: ${signal.reason}`)}`);
  return { bundle: id, before, after, signal };
}

/** The server and its client, in one process; `offer` changes what it declares. */
async function connect(first: readonly ToolContract[]) {
  let offered = first;
  const server = new Server(
    { name: "pages", version: "1.0.0" },
    { capabilities: { tools: { listChanged: true } } },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: offered.map((tool) => ({ ...tool })) }));
  const client = new Client({ name: "docs-agent", version: "1.0.0" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(there), client.connect(here)]);
  return {
    server,
    client,
    offer: (tools: readonly ToolContract[]) => {
      offered = tools;
    },
  };
}

/** The text of a page comes under another name: every caller that reads `text` gets nothing. */
function renameText(contract: ToolContract): ToolContract {
  const { text, ...others } = contract.outputSchema.properties as Record<string, object>;
  return {
    ...contract,
    outputSchema: {
      ...contract.outputSchema,
      properties: { ...others, markdown: text },
      required: ["slug", "markdown"],
    },
  };
}

/** What the book says of the tools, once the notification has been looked into. */
async function noticed({ drift, signal }: Stage, bundle: BundleId): Promise<readonly Drift[]> {
  const until = performance.now() + 5_000;
  while (drift.of(bundle).length === 0 && performance.now() < until) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return drift.of(bundle);
}
