import type {
  BundleId,
  GatePhase,
  Notify,
  ReadSignals,
  ReleaseGate,
  ReleaseHook,
  StateLayer,
} from "@verdigris/contracts";

/** A run that touched a bundle, as telemetry knows it. */
export interface TouchedRun {
  readonly run: string;
  readonly key: string;
  /** Tools with effects that ran in it. */
  readonly tools: readonly string[];
}

/** What the host of a driver brings along. A process that only looks, approves or rolls back needs none of it. */
export interface ReleasePorts {
  /** A phase whose gate is not given here is left to a process that has it. `built` is asked beside the check of what stands. */
  readonly gates?: Readonly<Partial<Record<GatePhase, ReleaseGate>>>;
  readonly signals?: ReadSignals;
  readonly state?: StateLayer;
  readonly hook?: ReleaseHook;
  readonly notify?: Notify;
  /** Finished runs that touched a bundle since a store time: the store itself knows unfinished ones only. */
  readonly touched?: (bundle: BundleId, since: number) => Promise<readonly TouchedRun[]>;
  /** Production runs an hour, as measured lately. */
  readonly runsPerHour?: () => Promise<number>;
}
