import type { BundleId, VerdigrisEvents } from "verdigris";
import type { Served } from "./serve.ts";

/** What an event of the SDK carries. */
export type EventOf<E extends keyof VerdigrisEvents> = VerdigrisEvents[E];

/** The account of one bundle. */
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

/** One start, in order of acceptance. */
export interface Start {
  readonly bundle: BundleId;
  /** Clock time (ms). */
  readonly at: number;
}

/** Keeps accounts by bundle id from the events of the SDK, of this process and of others. */
export interface Ledger {
  started(event: EventOf<"run-started">): void;
  used(event: EventOf<"usage">): void;
  /** `timed: false` for a run that was paused: its pause is no latency. @default true */
  finished(event: EventOf<"run-finished">, options?: { readonly timed?: boolean }): void;
  /** An answer is right when it cites the page that the author of the documentation named. */
  answered(served: Served): void;
  /** Every start so far. */
  readonly starts: readonly Start[];
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

/** Opens an empty ledger. */
export function createLedger(): Ledger {
  const starts: Start[] = [];
  const pages = new Map<BundleId, Page>();
  const pageOf = (bundle: BundleId): Page => {
    const known = pages.get(bundle) ?? emptyPage();
    pages.set(bundle, known);
    return known;
  };
  return {
    starts,
    started: ({ scope }) => {
      starts.push({ bundle: scope.bundle, at: Date.now() });
    },
    used: ({ scope, usage }) => {
      const page = pageOf(scope.bundle);
      page.inputTokens += usage.inputTokens;
      page.outputTokens += usage.outputTokens;
      page.cost += usage.cost ?? 0;
    },
    finished: ({ scope, durationMs }, { timed = true } = {}) => {
      const page = pageOf(scope.bundle);
      page.runs += 1;
      if (timed) page.durations.push(durationMs);
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
