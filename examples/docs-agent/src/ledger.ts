import type { BundleId, TrafficClass, VerdigrisEvents } from "verdigris";
import type { Served } from "./serve.ts";

/** What an event of the SDK carries. */
export type EventOf<E extends keyof VerdigrisEvents> = VerdigrisEvents[E];

/** The account of one bundle: what it did for users. */
export interface Account {
  readonly bundle: BundleId;
  /** Finished runs, and those of them whose answer cites the right page. */
  readonly runs: number;
  readonly right: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars, at the price named in `pricing.ts`. */
  readonly cost: number;
  /** From acceptance to finish, of the runs that were not paused. */
  readonly latencyMs: { readonly p50: number; readonly p95: number };
}

/** One run of a user, as events told of it. */
export interface RunLine {
  readonly run: string;
  readonly key: string;
  readonly class: TrafficClass;
  readonly bundle: BundleId;
  /** Store time of its acceptance. */
  readonly acceptedAt: number;
  /** Clock time of its end; null while it is under way. */
  endedAt: number | null;
}

/** Keeps accounts by bundle id from the events of the SDK, of this process and of others. */
export interface Ledger {
  started(event: EventOf<"run-started">): void;
  used(event: EventOf<"usage">): void;
  /** `timed: false` for a run that was paused: its pause is no latency. @default true */
  finished(event: EventOf<"run-finished">, options?: { readonly timed?: boolean }): void;
  /** An answer is right when it cites the page that the author of the documentation named. */
  answered(served: Served): void;
  /** Every run of a user so far, in order of acceptance. */
  readonly runs: readonly RunLine[];
  accounts(): readonly Account[];
}

interface Page {
  runs: number;
  right: number;
  inputTokens: number;
  outputTokens: number;
  cost: number;
  readonly durations: number[];
}

/** Users wait for these; whatever else runs has its own account in the store. */
function isProduction({ class: traffic }: { readonly class: TrafficClass }): boolean {
  return traffic === "live" || traffic === "canary";
}

/** Opens an empty ledger. */
export function createLedger(): Ledger {
  const runs: RunLine[] = [];
  const byId = new Map<string, RunLine>();
  const pages = new Map<BundleId, Page>();
  const pageOf = (bundle: BundleId): Page => {
    const known = pages.get(bundle) ?? emptyPage();
    pages.set(bundle, known);
    return known;
  };
  return {
    runs,
    started: ({ scope, acceptedAt }) => {
      if (!isProduction(scope)) return;
      const { run, key, bundle, class: traffic } = scope;
      const line = { run, key, bundle, class: traffic, acceptedAt: acceptedAt ?? 0, endedAt: null };
      runs.push(line);
      byId.set(run, line);
    },
    used: ({ scope, usage }) => {
      if (!isProduction(scope)) return;
      const page = pageOf(scope.bundle);
      page.inputTokens += usage.inputTokens;
      page.outputTokens += usage.outputTokens;
      page.cost += usage.cost ?? 0;
    },
    finished: ({ scope, durationMs }, { timed = true } = {}) => {
      if (!isProduction(scope)) return;
      const page = pageOf(scope.bundle);
      page.runs += 1;
      if (timed) page.durations.push(durationMs);
      const line = byId.get(scope.run);
      if (line !== undefined) line.endedAt = Date.now();
    },
    answered: ({ question, scope, answer }) => {
      if (answer.citation === question.target) pageOf(scope.bundle).right += 1;
    },
    accounts: () => [...pages].map(([bundle, page]) => accountOf(bundle, page)),
  };
}

function emptyPage(): Page {
  return { runs: 0, right: 0, inputTokens: 0, outputTokens: 0, cost: 0, durations: [] };
}

function accountOf(bundle: BundleId, { durations, ...sums }: Page): Account {
  const sorted = durations.toSorted((left, right) => left - right);
  return { bundle, ...sums, latencyMs: { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) } };
}

/** The smallest value that at least that share of the values does not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
