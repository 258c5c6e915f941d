import type { GateEvidence } from "@verdigris/eval-gate";
import type { DrillReport, ReleaseRecord, RollbackReport } from "@verdigris/release";
import type { ShadowEvidence } from "@verdigris/shadow";
import type { ToolChange } from "./acts/drift.ts";
import type { CanaryCount, Resumed, Switch } from "./acts/green3.ts";
import type { Hurried } from "./acts/hurried.ts";
import type { MemoryCheck } from "./acts/memory.ts";
import type { Account } from "./ledger.ts";

/** A rollback by its times, from the trigger. */
export interface RollbackTimes {
  readonly release: string;
  readonly by: string;
  /** Until no process could start a run on the bad bundle, and until its last run was gone; null where not known. */
  readonly safeMs: number | null;
  readonly goneMs: number | null;
}

/** What a traffic class cost, as the ledger in the store has it. */
export interface Spending {
  readonly bundle: string | null;
  readonly traffic: string;
  readonly calls: number;
  /** US dollars, exact. */
  readonly cost: string;
}

/** What the demo saw; `--json` prints it. */
export interface DemoReport {
  readonly questions: number;
  /** False when `--limit` left some out. */
  readonly allQuestions: boolean;
  readonly concurrency: number;
  /** Reports of the gates, as pages and files. */
  readonly reports: string;
  /** Every release, in the order of their starts. */
  readonly releases: readonly ReleaseRecord[];
  readonly evals: readonly GateEvidence[];
  readonly shadow: ShadowEvidence | null;
  readonly canary: CanaryCount;
  readonly switch: Switch;
  readonly paused: Resumed;
  readonly drill: DrillReport;
  readonly slow: Hurried;
  readonly same: Hurried;
  readonly dear: Hurried;
  /** The rollback a person asked for. */
  readonly rollback: Omit<RollbackReport, "confirmed">;
  readonly rollbacks: readonly RollbackTimes[];
  readonly memory: MemoryCheck;
  /** Writes to the memory, by the class of the run. */
  readonly writes: Readonly<Record<string, number>>;
  readonly tool: ToolChange;
  readonly bundles: readonly Account[];
  readonly spending: readonly Spending[];
  /** True when the audit of every move of the route hangs together. */
  readonly auditOk: boolean;
}
