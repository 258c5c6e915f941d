import { createVerdigris } from "verdigris";
import { agentName, blue } from "./agent.ts";
import { openStore, type StoreKind } from "./open-store.ts";

const [kind, at, name] = process.argv.slice(2) as [StoreKind, string, string];
const { store, close } = await openStore({ kind, at });
const verdigris = createVerdigris({
  agent: agentName,
  store,
  bundle: blue,
  node: { name, heartbeatMs: 500 },
});
await verdigris.ready();
process.send?.("ready");

/** Starts a run when asked, and says on which bundle. */
process.on("message", async () => {
  const started = await verdigris.start();
  if (started.placed) await started.run.finish({ outcome: "completed" });
  process.send?.(started.placed ? started.run.scope.bundle : "not placed");
});
process.on("disconnect", () => void verdigris.close().then(close));
