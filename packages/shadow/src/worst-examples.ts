import type { ShadowReport } from "./shadow-job.ts";

/** One of the inputs on which blue and green lay farthest apart. */
export interface DivergenceExample {
  /** The view under which they did. */
  readonly view: string;
  readonly distance: number;
  readonly slice: string | null;
  readonly divergedAt: number | null;
  readonly example: NonNullable<ShadowReport["example"]>;
  /** Wall-clock time (ms) after which it is shown no more. */
  readonly expires: number;
}

/** Keeps the worst of each view, one per input and view, for as long as they may be kept. */
export interface WorstExamples {
  add(report: ShadowReport): void;
  /** Worst first, views in the order of their names. */
  list(now: number): readonly DivergenceExample[];
  /** Removes what belongs to one key; returns how many. */
  erase(key: string): number;
}

/** Keeps up to `perView` for each view and slice. */
export function createWorstExamples(perView: number): WorstExamples {
  const byKind = new Map<string, { readonly key: string | null; readonly shown: DivergenceExample }[]>();
  const keep = (kind: string, key: string | null, shown: DivergenceExample): void => {
    const kept = byKind.get(kind) ?? [];
    kept.push({ key, shown });
    kept.sort((a, b) => b.shown.distance - a.shown.distance);
    byKind.set(kind, kept.slice(0, perView));
  };
  return {
    add({ example, views, slice, divergedAt, key, expires }) {
      if (example === null) return;
      for (const { view, between } of views) {
        if (between === null || between === 0) continue;
        keep(JSON.stringify([view, slice]), key, {
          view,
          distance: between,
          slice,
          divergedAt,
          example,
          expires,
        });
      }
    },
    list(now) {
      const kinds = [...byKind.keys()].sort();
      return kinds.flatMap((kind) => {
        const kept = (byKind.get(kind) ?? []).filter(({ shown }) => shown.expires > now);
        byKind.set(kind, kept);
        return kept.map(({ shown }) => shown);
      });
    },
    erase(key) {
      let erased = 0;
      for (const [kind, kept] of byKind) {
        const left = kept.filter((one) => one.key !== key);
        erased += kept.length - left.length;
        byKind.set(kind, left);
      }
      return erased;
    },
  };
}
