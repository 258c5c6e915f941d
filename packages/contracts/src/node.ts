import type { BundleId, CodePiece } from "./bundle.ts";

/**
 * How well a process hears of moves: `live` pushes arrive; `polling` only polls do; `stale` nothing did for three polls
 * (3 s at least); `closed` for five (5 s at least), or the store went backwards: new runs are refused, pinned ones go on.
 */
export type NodeMode = "live" | "polling" | "stale" | "closed";

/** Which bundles a process can execute, as it says itself. */
export type ServesClaim =
  | { readonly kind: "any" }
  /** Every bundle whose code is this; by the build where both sides know it. */
  | ({ readonly kind: "code" } & Pick<CodePiece, "commit"> & Partial<Pick<CodePiece, "build">>)
  /** Those it looked at; of any other nobody knows. */
  | { readonly kind: "listed"; readonly yes: readonly BundleId[]; readonly no: readonly BundleId[] };

/** Whether a bundle stood when a process last tried. */
export interface WarmCheck {
  readonly ok: boolean;
  /** Store time of the try. */
  readonly at: number;
}

/** Where and on what a process runs, as it says itself: nothing is decided by it, and `doctor` compares it. Absent: not said. */
export interface NodeSurroundings {
  /** Runtime and version: `node 22.12.0`. */
  readonly runtime?: string;
  /** Version of the OpenTelemetry API through which providers were registered; null where none were. */
  readonly openTelemetry?: string | null;
  /** Where it runs, in the host's words. */
  readonly region?: string;
  /** By name of a setting of its environment: six hex digits of a digest, never the value; null where it is not set. */
  readonly environment?: Readonly<Record<string, string | null>>;
}

/** `{agent}/node/{id}`: what a watching process says of itself. Informs people and `propagated`; the fence needs none of it. */
export interface NodeRecord extends NodeSurroundings {
  readonly v: number;
  /** Minted per process start. */
  readonly id: string;
  /** What people call it: a pod, a host. */
  readonly name?: string;
  readonly sdk: string;
  /** The latest formats it reads: of records, and of the hash that places keys. */
  readonly formats: { readonly record: number; readonly hash: number };
  readonly serves: ServesClaim;
  /** The route it has in force; null and 0 before the first. */
  readonly incarnation: string | null;
  readonly generation: number;
  readonly mode: NodeMode;
  /** Store time at which it first wrote this. */
  readonly startedAt: number;
  /** By bundle; absent ones were never tried. */
  readonly warm: Readonly<Record<BundleId, WarmCheck>>;
  /** Store time from its last write after which it counts as gone: longer than it can go on without the store. */
  readonly expiresMs: number;
}

/** A node record as it is seen now. */
export interface NodeView extends Omit<NodeRecord, "v"> {
  /** Milliseconds since it last wrote, in store time. */
  readonly ageMs: number;
  /** True when it wrote nothing for `expiresMs`: stopped, cut off, or dead. */
  readonly expired: boolean;
  /** False for a record of a later format: of it only id and age are known. */
  readonly readable: boolean;
}

/** How far a move has come. */
export interface Propagation {
  /**
   * `everywhere`: every node has applied it. `stragglers`: some expired or did not in time; the fence holds them all the
   * same. `unverified`: no process keeps a node record. `unknown`: the store could not be asked. `cancelled`: closed meanwhile.
   */
  readonly outcome: "everywhere" | "stragglers" | "unverified" | "unknown" | "cancelled";
  readonly generation: number;
  readonly acknowledged: number;
  /** Nodes that have not applied the move, as last seen. */
  readonly stragglers: readonly NodeView[];
  /** From the question to the answer. */
  readonly elapsedMs: number;
}
