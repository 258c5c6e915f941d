import type { BundleId, RunId, RunScope } from "@verdigris/contracts";
import type { CherryPick, StateDifference } from "./compare-layers.ts";
import type { EraseRequest, ErasureReceipt } from "./erasure.ts";
import type { StateAddress } from "./key-text.ts";
import type { LayerId, LayerState } from "./lineage.ts";
import type { Memory } from "./memory.ts";
import type { SchemaRange } from "./schema-range.ts";
import type { FoldProgress } from "./state-jobs.ts";

/** One layer, for people and programs that look. */
export interface LayerView {
  readonly id: LayerId;
  readonly bundle: BundleId;
  readonly state: LayerState;
  /** Wall-clock time (ms) since which it is in this state. */
  readonly since: number;
  /** When a parked layer is dropped by {@link AgentState.sweep}; null for any other. */
  readonly until: number | null;
  /** The layers it reads through, its own first; the last is `base` where it goes on from what was promoted. */
  readonly chain: readonly LayerId[];
  readonly schema: SchemaRange | null;
}

/** Which part of the memory. */
export interface MemoryPlace {
  /** @default "memory" */
  readonly namespace?: string;
  /** Whose it is: a user, a tenant; what `erase({ subject })` removes. @default nobody's */
  readonly subject?: string;
}

/** What `branch` is told. */
export interface Branch {
  readonly bundle: BundleId;
  /** The bundle whose memory it goes on from, as the live one is; null: from what was promoted. */
  readonly from: BundleId | null;
  /** What it reads and writes; without it, everything is taken as readable. */
  readonly schema?: SchemaRange;
}

/** Whether a move of traffic leaves a bundle with memory it can read. */
export type StateCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly found: readonly number[] };

/** What a rollback did to the memory. */
export interface StateRollback {
  /** Bundles whose layers are parked: the one rolled back, and those that stood on it. */
  readonly parked: readonly BundleId[];
  /** Wall-clock time (ms) until which they can be looked into. */
  readonly until: number;
}

/** How a fold-down is watched and stopped; what was done stays done, and `resume` goes on with it. */
export interface JobOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FoldProgress) => void;
}

/** The writable memory of an agent, kept apart per bundle so that a rollback takes it back. */
export interface AgentState {
  /**
   * The memory as the run of `scope` sees it. Runs of class `shadow`, `eval`, `smoke` and `drill` read what their bundle
   * reads and write what is thrown away.
   */
  memory(scope: Pick<RunScope, "bundle" | "run" | "class">, place?: MemoryPlace): Memory;
  /** Throws away what a run of no consequence wrote; harmless for others. */
  discard(run: RunId): void;
  /**
   * Gives a bundle its layer. The same call again changes nothing. Throws `layer-unknown`, `schema-unreadable`,
   * `layer-frozen` where `from` was rolled back, and `layer-in-use` while the base it would stand on is being promoted into.
   */
  branch(branch: Branch): Promise<void>;
  /** Whether `schema` could read what stands in the memory of `from`: asked before a switch, and before a run migrates. */
  checkSwitch(switching: {
    readonly from: BundleId | null;
    readonly schema: SchemaRange;
  }): Promise<StateCheck>;
  /** Whether the bundle below could read what a rollback of `bundle` would leave it. */
  checkRollback(bundle: BundleId): Promise<StateCheck>;
  /**
   * Takes the memory back: parks the layer of `bundle` and hands on what the namespaces marked `carry` hold. Called again,
   * it hands on what was written since. Throws `schema-unreadable` where the bundle below could not read what is handed on;
   * `carry: false` parks all of it.
   */
  rollback(bundle: BundleId, options?: { readonly carry?: boolean }): Promise<StateRollback>;
  /** Removes the layer of `bundle`, parked or open, and those that stand on it. */
  drop(bundle: BundleId): Promise<void>;
  /**
   * Makes the memory of `bundle` the base of what follows, at the end of quarantine, when no run of the bundles below is
   * left: their writes are refused from here on (`layer-frozen`). The bundle goes on reading and writing meanwhile, and
   * what it reads does not change. Can be killed at any write; {@link resume} goes on. Throws `layer-in-use`.
   */
  promote(bundle: BundleId, options?: JobOptions): Promise<void>;
  /** Goes on with what a process left undone: promotions, clean-up, what is carried over, erasures. Resolves with how much. */
  resume(options?: JobOptions): Promise<number>;
  /** Every layer, oldest first. */
  layers(): Promise<readonly LayerView[]>;
  /**
   * What the layer of `bundle` says otherwise than the lineage below it, in the order of the keys; `layer` names an older one
   * of it, as where it was rolled back and came again. Throws `layer-unknown`.
   */
  diff(bundle: BundleId, options?: { readonly layer?: LayerId }): AsyncIterable<StateDifference>;
  /** Copies single keys out of a layer, as after a rollback; `layer` as in {@link diff}. */
  cherryPick(pick: {
    readonly from: BundleId;
    readonly layer?: LayerId;
    readonly into: BundleId;
    readonly keys: readonly StateAddress[];
  }): Promise<CherryPick>;
  /**
   * Removes values from every layer, parked ones included, and from everything that was passed as `erasables`. Neither a
   * fold-down nor a cherry-pick brings them back. If it is cut short, {@link resume} finishes it.
   */
  erase(request: EraseRequest): Promise<ErasureReceipt>;
  /** Drops parked layers whose time is over and removes expired values that hide nothing; resolves with how many of each. */
  sweep(): Promise<{ readonly layers: number; readonly values: number }>;
}
