import { type Bundle, type BundleId, type CodePiece, requireId, type Store } from "@verdigris/contracts";
import { createEventHub, createStoreRouter } from "@verdigris/router";
import { createRunPinning, type RunPinning } from "@verdigris/run-pinning";
import { createVerdigris, defineBundle, type Verdigris } from "verdigris";

const code: CodePiece = {
  commit: "0123456789abcdef0123456789abcdef01234567",
  build: `sha256:${"0123456789abcdef".repeat(4)}`,
};

/** A bundle of the size people have: its manifest never travels on the hot path. */
function bundleNamed(id: BundleId): Bundle {
  return defineBundle({
    id: requireId("id", id),
    code,
    prompts: { system: { version: "3", text: `You answer questions. (${id})` } },
    models: { planner: { provider: "example", name: "planner", snapshot: "planner-2026-01-15" } },
  });
}

export const blue: Bundle = bundleNamed("support-41");
export const green: Bundle = bundleNamed("support-42");
export const teal: Bundle = bundleNamed("support-43");
export const agent = "support";

/** What an agent's `load` might return. */
export interface Pipeline {
  readonly answer: number;
}

/** The facade on a store, nothing running in the background, blue live. */
export async function openAgent(
  store: Store,
  more: Partial<Parameters<typeof createVerdigris<Pipeline>>[0]> = {},
): Promise<Verdigris<Pipeline>> {
  const verdigris = createVerdigris<Pipeline>({
    agent,
    store,
    bundle: blue,
    load: () => ({ answer: 42 }),
    watch: false,
    sweepMs: "never",
    actor: "bench",
    ...more,
  });
  await verdigris.ready();
  for (const bundle of [green, teal]) await verdigris.register(bundle);
  return verdigris;
}

export async function generationOf(verdigris: Verdigris<Pipeline>): Promise<number> {
  return (await verdigris.router?.refresh())?.route.generation ?? 0;
}

/** The runs of one process without the facade; the route must be open. */
export async function openPinning(store: Store): Promise<RunPinning<undefined>> {
  const router = createStoreRouter({ agent, store, watch: false });
  await router.refresh();
  return createRunPinning({
    agent,
    store,
    router,
    time: router.time,
    events: createEventHub(() => {}),
    bundleOf: async () => blue,
    sweepMs: "never",
  });
}

const perProcess = 20_000;

/** Leaves `count` pins in the store as real starts write them; the processes that started them are gone afterwards. */
export async function leavePins(
  store: Store,
  count: number,
  maxAgeMs?: (index: number) => number,
): Promise<void> {
  for (let left = count; left > 0; left -= perProcess) {
    const process = await openPinning(store);
    for (let i = Math.min(left, perProcess); i > 0; i--) {
      await process.start(maxAgeMs === undefined ? {} : { maxAgeMs: maxAgeMs(left - i) });
    }
    await process.close();
  }
}

/** A store that counts the calls made to it. */
export function counting(store: Store): { readonly store: Store; calls(): number } {
  let calls = 0;
  const counted: Store = {
    capabilities: store.capabilities,
    get: (keys) => {
      calls++;
      return store.get(keys);
    },
    commit: (ops) => {
      calls++;
      return store.commit(ops);
    },
    list: (prefix, options) => {
      calls++;
      return store.list(prefix, options);
    },
    watch: (prefix, onHint) => store.watch(prefix, onHint),
    close: () => store.close(),
  };
  return { store: counted, calls: () => calls };
}
