import type { Store } from "@verdigris/contracts";
import { createStoreRouter, type StoreRouter } from "@verdigris/router";
import { type Kind, type Opened, openers } from "./propagation-stores.ts";
import { sharedNow } from "./server-load.ts";

/** What a watching process is told, one at a time, each answered. */
export type Order =
  | { readonly open: Kind; readonly where: string; readonly agent: string }
  /** Share of pushes to lose from now on, 0 to 1. */
  | { readonly lose: number }
  | { readonly close: true };

/** What it answers, and what it tells of every route it applies. */
export type Word = { readonly done: true } | { readonly generation: number; readonly at: number };

let opened: Opened | null = null;
let router: StoreRouter | null = null;
let losing = 0;

/** The store with some of its pushes gone, as a network or a full buffer has it. */
function lossy(store: Store): Store {
  return {
    capabilities: store.capabilities,
    get: (keys) => store.get(keys),
    commit: (ops) => store.commit(ops),
    list: (prefix, options) => store.list(prefix, options),
    watch: (prefix, onHint) => store.watch(prefix, (hint) => Math.random() >= losing && onHint(hint)),
    close: () => store.close(),
  };
}

async function open(order: Extract<Order, { readonly open: Kind }>): Promise<void> {
  opened = await openers[order.open](order.where);
  router = createStoreRouter({ agent: order.agent, store: lossy(opened.store), node: {} });
  router.on("route", ({ route }) => process.send?.({ generation: route.generation, at: sharedNow() }));
  await router.refresh();
}

async function obey(order: Order): Promise<void> {
  if ("open" in order) await open(order);
  else if ("lose" in order) losing = order.lose;
  else {
    await router?.close();
    await opened?.close();
    losing = 0;
  }
  process.send?.({ done: true });
}

process.on("message", (order: Order) => void obey(order));
