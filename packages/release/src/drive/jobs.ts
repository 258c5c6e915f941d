import type { Outcome } from "./carry-out.ts";

/** What a driver has under way beside its loop, each under a key. */
export interface Jobs {
  /** Aborted when the driver closes. */
  readonly stop: AbortSignal;
  /** True while it runs, and until its outcome has been settled: it must not begin twice. */
  has(key: string): boolean;
  /** Begins a job. */
  start(key: string, work: (signal: AbortSignal) => Promise<Outcome | null>): void;
  /** What has been found and not been settled yet, in order. */
  finished(): readonly { readonly key: string; readonly outcome: Outcome }[];
  /** The outcome is on record, or of no use. */
  settle(key: string): void;
  /** Aborts all jobs but those, and forgets what they found. */
  keepOnly(keep: (key: string) => boolean): void;
  close(): void;
}

interface Job {
  readonly own: AbortController;
  outcome: Outcome | null;
}

/** Runs jobs; `wake` is called when one has found something. */
export function createJobs(wake: () => void): Jobs {
  const jobs = new Map<string, Job>();
  const all = new AbortController();
  return {
    stop: all.signal,
    has: (key) => jobs.has(key),
    start(key, work) {
      const job: Job = { own: new AbortController(), outcome: null };
      jobs.set(key, job);
      void work(AbortSignal.any([all.signal, job.own.signal])).then((outcome) => {
        if (jobs.get(key) !== job) return;
        if (outcome === null) jobs.delete(key);
        job.outcome = outcome;
        wake();
      });
    },
    finished: () => [...jobs].flatMap(([key, { outcome }]) => (outcome === null ? [] : [{ key, outcome }])),
    settle: (key) => void jobs.delete(key),
    keepOnly(keep) {
      for (const [key, { own }] of jobs) {
        if (keep(key)) continue;
        own.abort();
        jobs.delete(key);
      }
    },
    close: () => all.abort(),
  };
}
