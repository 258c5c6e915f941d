import type { BundleContent, ResolveContent } from "@verdigris/bundle";
import type {
  Bundle,
  Clock,
  CodePiece,
  Digest,
  Instrument,
  Propagation,
  RoutePolicy,
  Router,
  SignalReader,
  Store,
} from "@verdigris/contracts";
import type { NodeOptions } from "@verdigris/router";
import type { ActorInput, Identity, ScopeStorage } from "@verdigris/run-pinning";
import type { UsageLedgerOptions } from "@verdigris/telemetry";
import type { Authorize } from "./verb.ts";
import type { PieceOptions } from "./watch-pieces.ts";

/** Options of {@link createVerdigris}. `P` is what `load` returns: a bundle stood up in this process. */
export interface VerdigrisOptions<P> {
  /** The agent's name: one store serves many. Matches `[A-Za-z0-9._:-]{1,128}`. */
  readonly agent: string;
  /** Adds pins and flips. Without one, runs are only tagged. */
  readonly store?: Store;
  /** The bundle this process was built with. Registered; becomes the first live bundle of an agent that has no route. */
  readonly bundle?: Bundle;
  /** Texts that `bundle` names by digest, kept in the store beside it. @default [] */
  readonly contents?: readonly string[];
  /** Where texts come from that are not in the store: a prompt store. Checked against the bundle's digest. */
  readonly resolve?: ResolveContent;
  /** How long `resolve` may take. @default 10000 */
  readonly resolveMs?: number;
  /** The code of this process, when it is not `bundle.code`: decides which bundles it serves. */
  readonly code?: Pick<CodePiece, "commit"> & Partial<Pick<CodePiece, "build">>;
  /** Stands a bundle up: model clients, prompt texts, index handles, tool functions. Called once per bundle and process. */
  readonly load?: (bundle: Bundle, content: BundleContent) => P | Promise<P>;
  /** Takes down what `load` stood up, when its last run here has ended and the bundle is off the route. */
  readonly unload?: (pipeline: P, bundle: Bundle) => void | Promise<void>;
  /** Whether this process can execute a bundle. @default bundles with this process's code; all, where no code is known */
  readonly serves?: (bundle: Bundle) => boolean;
  /** Another source of routing decisions. @default the route record in `store` */
  readonly router?: Router;
  /** Node's AsyncLocalStorage or the like: makes `current()` work inside steps. */
  readonly scopeStorage?: ScopeStorage;
  /** What watches runs and steps: telemetry, detectors, your own; the first one is outermost. @default [] */
  readonly instrument?: Instrument | readonly Instrument[];
  /** How to look at prompts, indexes and tools as they are now: after every load and from time to time. @default nobody looks */
  readonly pieces?: PieceOptions;
  /** Detectors fed by the runs of this process (`createLiveDetectors` of `@verdigris/detectors`), for `signals()`. @default none */
  readonly detectors?: SignalReader;
  /** How model calls that runs note are kept in the store, for `costs()`; false keeps none. @default {} where there is a store */
  readonly usage?: false | UsageLedgerOptions;
  /** Proposed for an agent that has no route yet; from then on the stored policy holds. */
  readonly policy?: Partial<RoutePolicy>;
  /** Who makes the moves of this process, as it says itself. @default a machine named "unidentified" */
  readonly actor?: ActorInput;
  /** Who acts, as the host knows it; then no caller may name an actor. @default callers declare themselves, and are marked so */
  readonly identity?: Identity;
  /** Asked for every verb; what is not a yes within 5 s refuses. @default everything is allowed */
  readonly authorize?: Authorize;
  /** False for short-lived processes: they read the route on demand, and the start fence keeps them right. @default true */
  readonly watch?: boolean;
  /**
   * What this process is called in `nodes()`, where it runs, which variables of its environment must be the same everywhere, and
   * how often it says that it lives; false keeps no record. @default {} while watching
   */
  readonly node?: false | Pick<NodeOptions, "name" | "region" | "environment" | "heartbeatMs">;
  /** How often this process sweeps expired pins. @default 30000 */
  readonly sweepMs?: number | "never";
  readonly clock?: Clock;
  /** @default a monotonic ULID factory */
  readonly newId?: () => string;
}

/** What goes on record with a move. */
export interface MoveFacts {
  /** Why; required to go forward. */
  readonly reason: string;
  /** The generation the decision was made on, from `status()`. A lost race rejects with `route-conflict`. */
  readonly expect: number;
  readonly actor?: ActorInput;
  /** Makes a retry harmless: the same id gets the first answer. @default a fresh id */
  readonly requestId?: string;
  /** Digest of the evidence behind the decision; without one the move is shown as unevidenced. */
  readonly evidence?: Digest;
}

/** A move towards safety needs nothing: it reads, decides and retries by itself. */
export type SafeMoveFacts = Partial<MoveFacts>;

/** What became of a move. Lost races and refusals are thrown. */
export interface MoveReceipt {
  readonly outcome: "moved" | "unchanged" | "duplicate";
  readonly generation: number;
  /** True when a forward move carried no evidence. */
  readonly unevidenced: boolean;
  /** True for a flip where no process keeps a node record, so nobody can say whether the target is served anywhere. */
  readonly unverified: boolean;
  /**
   * Resolves once every process has applied the move or its record has expired, naming the stragglers; never rejects, and
   * costs nothing before it is asked for. `close()` ends it.
   */
  readonly propagated: Promise<Propagation>;
}
