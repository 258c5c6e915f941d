import type { BundleId, Digest } from "./bundle.ts";
import type { JsonValue } from "./json.ts";
import type { BundleRef, GateName, ReleasePhase } from "./release.ts";
import type { Signal, SignalBaseline } from "./signal.ts";
import type { GateAnswer } from "./verdict.ts";

/** What a gate is asked. */
export interface GateContext {
  readonly agent: string;
  readonly release: string;
  readonly gate: GateName;
  readonly bundle: BundleRef;
  /** Null for the first bundle of an agent: floors only. */
  readonly baseline: BundleRef | null;
  /** Unique to this attempt; a process that died in the middle is followed by one that asks with the same id. */
  readonly attempt: string;
  /** Aborted when the answer is of no use any more. */
  readonly signal: AbortSignal;
  /** Stores evidence under its digest, to be named in the answer. */
  readonly keep: (evidence: JsonValue) => Promise<Digest>;
}

/** Answers for one bundle. What it throws is an `error`: could not measure. */
export type ReleaseGate = (context: GateContext) => Promise<GateAnswer>;

/** Which bundle is watched, from when, and against what; the same for as long as these are. */
export interface SignalTarget {
  readonly bundle: BundleId;
  /** Store time from which its runs count: when it began to take production runs. */
  readonly since: number;
  readonly baseline: SignalBaseline;
}

/** What the detectors say of a bundle now. */
export type ReadSignals = (target: SignalTarget) => Promise<readonly Signal[]>;

/** The slice of an agent's memory that belongs to a bundle, as a release needs it. */
export interface StateLayer {
  /** Sets what the bundle wrote aside. Called again with the same bundle it does nothing. */
  park(bundle: BundleId): Promise<void>;
  /** Makes what the bundle wrote the agent's own. Called again with the same bundle it does nothing. */
  promote(bundle: BundleId): Promise<void>;
  /** Whether `reader` can read what `writer` wrote. */
  canRead(reader: BundleId, writer: BundleId): Promise<boolean>;
}

/** What a hook is told. */
export interface HookCall {
  readonly key: string;
  readonly agent: string;
  readonly release: string;
  readonly phase: ReleasePhase | "rollback";
  readonly when: "before" | "after";
  /** A hook that asks anyone for permission must not do so here. */
  readonly inRollback: boolean;
  readonly bundle: BundleRef;
  readonly baseline: BundleRef | null;
  readonly evidence: Digest;
  readonly signal: AbortSignal;
}

/** Called around a phase, at least once per key. A throw refuses: before the switch it halts, after it holds. */
export type ReleaseHook = (call: HookCall) => Promise<void>;

/** Something people should hear of; `key` is the same when it is told again. */
export interface ReleaseNotice {
  readonly key: string;
  readonly agent: string;
  readonly release: string;
  readonly topic: string;
  readonly text: string;
}

/** Told at least once; what it throws is tried again a few times and never stops a release. */
export type Notify = (notice: ReleaseNotice) => Promise<void>;
