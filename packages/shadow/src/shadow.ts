import type { BundleId, Digest, GateAnswer, ReleaseGate } from "@verdigris/contracts";
import type { Divergence } from "./divergence.ts";
import type { WatchedRun } from "./live-run.ts";
import type { ShadowJob, ShadowReport } from "./shadow-job.ts";
import type { LiveRun } from "./shadow-options.ts";
import type { ShadowVerdict } from "./shadow-verdict.ts";
import type { ShadowSpend } from "./spend-account.ts";
import type { DivergenceExample } from "./worst-examples.ts";

/**
 * Why an input was not compared. `kept-out`: `mirror` said so. `unreadable`: it is no JSON. `queue-full`, `budget`,
 * `expired`, `closed`: as they say. `shed`: it was under way when the provider pushed back. `send-failed`: the caller's
 * queue threw or did not answer. `foreign`: a job for other bundles than these. `repeated`: its report came twice. `erased`:
 * its subject asked to be forgotten.
 */
export type ShadowDrop =
  | "kept-out"
  | "unreadable"
  | "queue-full"
  | "budget"
  | "expired"
  | "closed"
  | "shed"
  | "send-failed"
  | "foreign"
  | "repeated"
  | "erased";

/** How shadow traffic goes, for a person who looks. */
export interface ShadowStatus {
  /** Users' runs seen, those sampled, and inputs compared so far. */
  readonly seen: number;
  readonly sampled: number;
  readonly compared: number;
  readonly queued: number;
  readonly inFlight: number;
  readonly dropped: Readonly<Partial<Record<ShadowDrop, number>>>;
  readonly spend: ShadowSpend;
  /** Why nothing runs at the moment; null where something may. */
  readonly paused: string | null;
}

/** What a verdict stood on. Plain JSON without content of inputs or answers. */
export interface ShadowEvidence {
  readonly v: number;
  readonly kind: "shadow-evidence";
  readonly agent: string;
  readonly blue: BundleId;
  readonly green: BundleId;
  readonly verdict: ShadowVerdict;
  readonly divergence: Divergence;
  readonly status: ShadowStatus;
  /** Wall-clock time (ms). */
  readonly at: number;
  /** SHA-256 over the canonical JSON of everything above. */
  readonly digest: Digest;
}

/** Mirrors a share of production to a candidate that nobody gets to see, and says whether it answers differently. */
export interface Shadow<I, O> {
  /**
   * Runs blue for the user and resolves or rejects with what it did, nothing else. A sampled input is mirrored afterwards:
   * no error of a shadow run, a comparator or a full queue reaches the user, and nobody waits for one.
   */
  run(input: I, about?: LiveRun): Promise<O>;
  /** For a host that runs blue itself: the session to run it with, and how to say that it ended. Never throws. */
  watch(input: I, about?: LiveRun): WatchedRun<O>;
  /**
   * Runs a job of the caller's queue; null where it was dropped, which is counted. Under pressure it waits, until the job
   * expires. As many run at once as the caller begins. Never rejects.
   */
  take(job: ShadowJob): Promise<ShadowReport | null>;
  /** Counts a report, of this process or another. The same one counts once. Throws `evidence-invalid` for other bundles. */
  report(report: ShadowReport): void;
  status(): ShadowStatus;
  verdict(): ShadowVerdict;
  /** The verdict with everything it stands on, under one digest. */
  evidence(): ShadowEvidence;
  /** The same, as a gate of a release answers. */
  gate(): GateAnswer;
  /**
   * The gate `shadow` of a release: answers as soon as there is a verdict, `inconclusive` where there will be none (closed, or
   * the budget is spent) or nobody waits for it any more, and keeps the evidence it names.
   */
  readonly releaseGate: ReleaseGate;
  /** What was kept of the worst divergences; none without `examples`. */
  examples(): readonly DivergenceExample[];
  /** Shown in the receipt of an erasure. */
  readonly name: string;
  /**
   * Forgets a subject (the `key` of its runs) in this process and resolves with how many jobs and examples that were: jobs
   * that wait are removed, those that run are stopped, examples go, and reports that come later leave none. Until no job
   * made before can still come back, none of its inputs is mirrored. So it can stand among the `erasables` of an agent's
   * memory; jobs that lie in a queue of the caller's are the caller's to remove.
   */
  erase(request: { readonly subject?: string }): Promise<number>;
  /** Resolves when nothing waits and nothing runs, or nothing may run. */
  idle(): Promise<void>;
  /** Stops what runs, drops what waits; later runs of users go on unmirrored. */
  close(): Promise<void>;
}
