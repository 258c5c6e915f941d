import { type Bundle, type BundleId, type Clock, type RunEvents, VerdigrisError } from "@verdigris/contracts";
import type { EventHub } from "@verdigris/router";

/** A pipeline in use. Release it once; the pipeline stays until its last lease is released and it may go. */
export interface Lease<P> {
  readonly bundle: Bundle;
  readonly pipeline: P;
  release(): void;
}

/** How this process stands bundles up and takes them down. */
export interface PipelineOptions<P> {
  readonly load: (bundle: Bundle) => P | Promise<P>;
  readonly unload: (pipeline: P, bundle: Bundle) => void | Promise<void>;
  readonly events: EventHub<RunEvents>;
  readonly clock: Clock;
  /** True while the bundle is on the route, so its pipeline stays warm. */
  readonly keep: (bundle: BundleId) => boolean;
}

/** The pipelines of one process: each bundle is loaded once, and concurrent requests share the load. */
export interface Pipelines<P> {
  /** The bundle of a pipeline that stands or is being stood up. */
  bundle(id: BundleId): Bundle | undefined;
  /** A lease at once where the pipeline stands already; null where {@link Pipelines.acquire} has to wait or to refuse. */
  take(bundle: Bundle): Lease<P> | null;
  /** Rejects with `pipeline-load-failed`; the next call tries again. */
  acquire(bundle: Bundle): Promise<Lease<P>>;
  /** Unloads what nobody uses and `keep` no longer wants. */
  tidy(): void;
  /** Unloads everything, each pipeline when its last lease ends. */
  close(): Promise<void>;
}

interface Slot<P> {
  readonly bundle: Bundle;
  readonly ready: Promise<P>;
  state: "loading" | { readonly pipeline: P };
  users: number;
}

class SlotLease<P> implements Lease<P> {
  readonly pipeline: P;
  readonly #slot: Slot<P>;
  readonly #tidy: (slot: Slot<P>) => void;
  #released = false;

  constructor(slot: Slot<P>, pipeline: P, tidy: (slot: Slot<P>) => void) {
    this.pipeline = pipeline;
    this.#slot = slot;
    this.#tidy = tidy;
  }

  get bundle(): Bundle {
    return this.#slot.bundle;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#slot.users--;
    this.#tidy(this.#slot);
  }
}

/** Creates the pipelines of one process. */
export function createPipelines<P>(options: PipelineOptions<P>): Pipelines<P> {
  const { load, unload, events, clock, keep } = options;
  const slots = new Map<BundleId, Slot<P>>();
  const unloading = new Set<Promise<void>>();
  let closed = false;

  const takeDown = async (pipeline: P, bundle: Bundle): Promise<void> => {
    try {
      await unload(pipeline, bundle);
      events.emit("pipeline-unloaded", { bundle: bundle.id });
    } catch (error) {
      events.emit("unload-failed", { bundle: bundle.id, error });
    }
  };
  const tidyOne = (slot: Slot<P>): void => {
    if (slot.users > 0 || slot.state === "loading" || slots.get(slot.bundle.id) !== slot) return;
    if (!closed && keep(slot.bundle.id)) return;
    slots.delete(slot.bundle.id);
    const done = takeDown(slot.state.pipeline, slot.bundle).finally(() => unloading.delete(done));
    unloading.add(done);
  };
  const tidy = (): void => [...slots.values()].forEach(tidyOne);
  const standUp = async (bundle: Bundle): Promise<P> => {
    const began = clock.monotonic();
    try {
      const pipeline = await load(bundle);
      events.emit("pipeline-loaded", { bundle: bundle.id, durationMs: clock.monotonic() - began });
      return pipeline;
    } catch (cause) {
      events.emit("load-failed", { bundle: bundle.id, error: cause });
      const message = `load(${bundle.id}) failed: mend the pipeline or its inputs; the next run tries again`;
      throw new VerdigrisError("pipeline-load-failed", message, { bundle: bundle.id }, { cause });
    }
  };
  const open = (bundle: Bundle): Slot<P> => {
    const slot: Slot<P> = { bundle, ready: standUp(bundle), state: "loading", users: 0 };
    slots.set(bundle.id, slot);
    slot.ready.then(
      (pipeline) => {
        slot.state = { pipeline };
        tidyOne(slot);
      },
      () => slots.delete(bundle.id),
    );
    return slot;
  };

  return {
    bundle: (id) => slots.get(id)?.bundle,
    take(bundle) {
      const slot = slots.get(bundle.id);
      if (closed || slot === undefined || slot.state === "loading") return null;
      slot.users++;
      return new SlotLease(slot, slot.state.pipeline, tidyOne);
    },
    async acquire(bundle) {
      if (closed)
        throw new VerdigrisError("closed", "this instance is closed: no pipeline is loaded any more");
      const slot = slots.get(bundle.id) ?? open(bundle);
      slot.users++;
      try {
        const pipeline = slot.state === "loading" ? await slot.ready : slot.state.pipeline;
        return new SlotLease(slot, pipeline, tidyOne);
      } catch (error) {
        slot.users--;
        throw error;
      }
    },
    tidy,
    async close() {
      closed = true;
      tidy();
      await Promise.all(unloading);
    },
  };
}
