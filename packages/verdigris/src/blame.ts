import { diffBundles, type EntryChange } from "@verdigris/bundle";
import {
  agentKeys,
  type Bundle,
  type BundleId,
  type BundleRecord,
  decodeRecord,
  type Store,
} from "@verdigris/contracts";
import { type BundleFigures, readFigures, type UsageRange } from "@verdigris/telemetry";

/** How a bundle's figures differ from those of the bundle before it; null where one of the two has none. */
export interface FiguresChange {
  /** 1.2 is a fifth slower. */
  readonly p95Ratio: number | null;
  /** Of the cost for each completed run, in the same currency; the first that both have. */
  readonly costRatio: number | null;
  /** 0.01 is one run in a hundred more. */
  readonly errorRateDifference: number | null;
  /** By name of the score; -0.05 is five points fewer. */
  readonly passRateDifferences: Readonly<Record<string, number>>;
}

/** One bundle: what its runs came to, what changed in it, and what changed with it. */
export interface BlameLine extends BundleFigures {
  /** Store time at which it was registered; null where the store does not know it. */
  readonly registeredAt: number | null;
  /** The bundle of this answer that was registered before it; null for the first. */
  readonly before: BundleId | null;
  /** What differs between the two, by piece and entry; empty for the first. */
  readonly changes: readonly EntryChange[];
  readonly change: FiguresChange | null;
}

interface Registered {
  readonly figures: BundleFigures;
  readonly registeredAt: number | null;
}

async function registrations(
  store: Store,
  agent: string,
  figures: readonly BundleFigures[],
): Promise<readonly Registered[]> {
  const keys = agentKeys(agent);
  const { entries } = await store.get(figures.map(({ bundle }) => keys.bundle(bundle)));
  const known = figures.map((found, i): Registered => {
    const entry = entries[i] ?? null;
    const record = entry === null ? null : decodeRecord<BundleRecord>(entry.key, entry.value);
    return { figures: found, registeredAt: record?.registeredAt ?? null };
  });
  return known.sort((a, b) => (a.registeredAt ?? 0) - (b.registeredAt ?? 0));
}

function ratio(now: number | null | undefined, before: number | null | undefined): number | null {
  return typeof now === "number" && typeof before === "number" && before > 0 ? now / before : null;
}

function changeOf(before: BundleFigures, now: BundleFigures): FiguresChange {
  const cost = now.costs.find(({ currency }) => before.costs.some((other) => other.currency === currency));
  const costBefore = before.costs.find(({ currency }) => currency === cost?.currency);
  const both = Object.keys(now.scores).filter((name) => Object.hasOwn(before.scores, name));
  const passRate = (of: BundleFigures, name: string): number => of.scores[name]?.passRate ?? 0;
  return {
    p95Ratio: ratio(now.p95Ms, before.p95Ms),
    costRatio: ratio(cost?.perCompletedRun, costBefore?.perCompletedRun),
    errorRateDifference:
      now.errorRate === null || before.errorRate === null ? null : now.errorRate - before.errorRate,
    passRateDifferences: Object.fromEntries(
      both.map((name) => [name, passRate(now, name) - passRate(before, name)]),
    ),
  };
}

/** Which change did it: every bundle with production runs in a stretch of time, in the order they were registered. */
export async function blame(
  store: Store,
  agent: string,
  bundleOf: (id: BundleId) => Promise<Bundle>,
  range: UsageRange,
): Promise<readonly BlameLine[]> {
  const found = await registrations(store, agent, await readFigures(store, agent, range));
  const lines: BlameLine[] = [];
  for (const [i, { figures, registeredAt }] of found.entries()) {
    const before = found[i - 1]?.figures ?? null;
    // One that the store has forgotten cannot be compared, and its figures are shown all the same.
    const pair =
      before === null
        ? null
        : await Promise.all([bundleOf(before.bundle), bundleOf(figures.bundle)]).catch(() => null);
    lines.push({
      ...figures,
      registeredAt,
      before: before?.bundle ?? null,
      changes: pair === null ? [] : diffBundles(pair[0], pair[1]).changes,
      change: before === null ? null : changeOf(before, figures),
    });
  }
  return lines;
}
