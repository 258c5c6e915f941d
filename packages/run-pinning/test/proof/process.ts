import type {
  Actor,
  Bundle,
  Clock,
  MoveResult,
  RouteMove,
  RoutePolicy,
  RunEvents,
  Store,
} from "@verdigris/contracts";
import {
  createEventHub,
  createStoreRouter,
  defaultPolicy,
  type EventHub,
  type StoreRouter,
} from "@verdigris/router";
import { createRunPinning, type RunPinning, type RunPinningOptions } from "@verdigris/run-pinning";
import { bundle } from "./bundles.ts";

export const ana: Actor = { kind: "person", id: "ana" };

/** What a pipeline is in these proofs: the bundle it was stood up from, and whether it still stands. */
export interface Pipeline {
  readonly bundle: Bundle;
  up: boolean;
}

/** One process of a fleet: its own router, caches, ids and clock over a store it shares. */
export interface Process {
  readonly name: string;
  readonly agent: string;
  readonly router: StoreRouter;
  readonly pinning: RunPinning<Pipeline>;
  readonly events: EventHub<RunEvents>;
  /** Makes a move on the generation this process last read, or on none where the move is a safe one. */
  move(
    move: RouteMove,
    extra?: { readonly expect?: number; readonly requestId?: string },
  ): Promise<MoveResult>;
  close(): Promise<void>;
}

export interface ProcessOptions extends Partial<RunPinningOptions<Pipeline>> {
  readonly store: Store;
  readonly clock: Clock;
  readonly name: string;
  readonly agent?: string;
  readonly watch?: boolean;
}

const safe: readonly string[] = ["rollback", "drop", "hold", "unseal"];

export function createProcess(options: ProcessOptions): Process {
  const { store, clock, name, agent = "agent", watch = false, ...rest } = options;
  let ids = 0;
  const newId = (): string => `${name}-${++ids}`;
  const router = createStoreRouter({ agent, store, clock, watch, random: () => 0.5, newId });
  const events = createEventHub<RunEvents>(() => {});
  const pinning = createRunPinning<Pipeline>({
    agent,
    store,
    router,
    clock,
    events,
    newId,
    time: router.time,
    sweepMs: "never",
    bundleOf: async (id) => bundle(id),
    load: (of) => ({ bundle: of, up: true }),
    unload: (pipeline) => {
      pipeline.up = false;
    },
    ...rest,
  });
  return {
    name,
    agent,
    router,
    pinning,
    events,
    move: (move, extra = {}) =>
      router.move({
        move,
        actor: ana,
        reason: "proof",
        ...(safe.includes(move.verb) ? {} : { expect: router.snapshot()?.route.generation ?? 0 }),
        ...extra,
      }),
    async close() {
      await pinning.close();
      await router.close();
    },
  };
}

export function openOn(id: string, policy: Partial<RoutePolicy> = {}): RouteMove {
  return { verb: "open", bundle: id, policy: { ...defaultPolicy, ...policy }, incarnation: "one" };
}
