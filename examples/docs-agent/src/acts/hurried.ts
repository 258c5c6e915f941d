import type { ReleaseRecord } from "@verdigris/release";
import type { Candidate } from "../candidates.ts";
import { followRelease, readRelease, settled, standingOf } from "../follow.ts";
import { hurriedPlan } from "../plan.ts";
import type { Stage } from "../stage.ts";
import { startRelease } from "./start.ts";
import { whileServing } from "./while-serving.ts";

/** For how long users ask. */
export interface Patience {
  readonly ms: number;
  /** Runs on the new bundle. */
  readonly runs: number;
}

/** What became of a release whose gates were passed over. */
export interface Hurried {
  readonly release: ReleaseRecord;
  readonly candidate: string;
  /** Runs on it, and on the bundle before it, from the switch until it was stopped or time was up. */
  readonly runs: number;
  readonly besides: number;
  readonly watchedMs: number;
  /** From the first run on it to the decision; null without one. */
  readonly caughtMs: number | null;
}

/**
 * Both bundles compute on the same two threads, so whoever asks a quick one waits for the slow ones before him. Two at a
 * time wait for one at most: what is left is the difference of the bundles.
 */
const asking = 2;

/** A detector that is right needs seconds for this, and minutes where the machine is busy and runs are few. */
const mostPatience: Patience = { ms: 900_000, runs: 0 };

/**
 * Ships a candidate past its gates and lets users ask until somebody stops it, or for as long as `patience` says. Half of
 * the keys stay on the bundle before it, and the detectors compare the two.
 */
export async function shipHurried(
  stage: Stage,
  candidate: Candidate,
  patience: Patience = mostPatience,
): Promise<Hurried> {
  const { releases, view, ledger } = stage;
  view.line(`   ${view.paint("bold", candidate.id)}: ${candidate.idea}`);
  const reason = `${candidate.idea}; nothing else changes, so nobody waits for gates`;
  const handOver = "the one before it has shown enough for a demo";
  const { id } = await startRelease(stage, candidate, { plan: hurriedPlan, reason, handOver });
  for (const gate of ["evals", "shadow"] as const) await releases.skip({ release: id, gate, reason });
  view.line(`   evals and shadow were passed over: ${reason}`);

  const first = ledger.runs.length;
  const onIt = () => ledger.runs.slice(first).filter(({ bundle }) => bundle === candidate.id);
  const isEnough = (): boolean => {
    const own = onIt();
    const ms = own[0] === undefined ? 0 : Date.now() - own[0].acceptedAt;
    return ms >= patience.ms && own.length >= patience.runs;
  };
  const watch = async (): Promise<number> => {
    await followRelease(stage, id, isEnough);
    return Date.now();
  };
  const until = await whileServing(stage, "users ask", watch, asking);
  return account(stage, id, { candidate, first, until });
}

interface Watched {
  readonly candidate: Candidate;
  /** Runs before it, and the clock time until which it was watched. */
  readonly first: number;
  readonly until: number;
}

async function account(stage: Stage, id: string, { candidate, first, until }: Watched): Promise<Hurried> {
  const now = await readRelease(stage, id);
  const release = now.outcome === null ? now : await settled(stage, id);
  const { rollback, held } = release;
  const since = release.switch?.at ?? 0;
  const runs = stage.ledger.runs.slice(first).filter(({ acceptedAt }) => acceptedAt >= since);
  const own = runs.filter(({ bundle }) => bundle === candidate.id);
  const decidedAt = rollback?.decidedAt ?? held?.at ?? null;
  const begin = own[0]?.acceptedAt ?? since;
  stage.view.line(`   ${stage.view.paint(decidedAt === null ? "green" : "red", standingOf(release))}`);
  return {
    ...{ release, candidate: candidate.id, runs: own.length, besides: runs.length - own.length },
    watchedMs: (decidedAt ?? until) - begin,
    caughtMs: decidedAt === null ? null : decidedAt - begin,
  };
}
