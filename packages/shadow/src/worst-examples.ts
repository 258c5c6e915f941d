import type { Clock } from "@verdigris/contracts";
import type { Fidelity, ShadowReport } from "./shadow-job.ts";

/** One of the inputs on which blue and green lay farthest apart. */
export interface DivergenceExample {
  /** The view under which they did. */
  readonly view: string;
  readonly distance: number;
  readonly slice: string | null;
  readonly divergedAt: number | null;
  readonly fidelity: Fidelity;
  readonly example: NonNullable<ShadowReport["example"]>;
  /** Wall-clock time (ms) after which it is shown no more. */
  readonly expires: number;
}

/** Keeps the worst of each view, one per input and view, for as long as they may be kept. */
export interface WorstExamples {
  add(report: ShadowReport): void;
  /** Worst first, views in the order of their names. */
  list(): readonly DivergenceExample[];
  /** Removes what belongs to one key; returns how many. */
  erase(key: string): number;
}

interface Kept {
  readonly key: string | null;
  readonly shown: DivergenceExample;
}

const longestMs = 2_147_483_647;

class LocalWorstExamples implements WorstExamples {
  readonly #clock: Clock;
  readonly #perView: number;
  readonly #byKind = new Map<string, readonly Kept[]>();
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, perView: number) {
    this.#clock = clock;
    this.#perView = perView;
  }

  add({ example, views, slice, divergedAt, fidelity, key, expires }: ShadowReport): void {
    if (example === null || expires <= this.#clock.now()) return;
    for (const { view, between } of views) {
      if (between === null || between === 0) continue;
      const shown = { view, distance: between, slice, divergedAt, fidelity, example, expires };
      const kind = JSON.stringify([view, slice]);
      const kept = [...(this.#byKind.get(kind) ?? []), { key, shown }];
      kept.sort((a, b) => b.shown.distance - a.shown.distance);
      this.#byKind.set(kind, kept.slice(0, this.#perView));
    }
    this.#watchExpiry();
  }

  list(): readonly DivergenceExample[] {
    return [...this.#byKind.keys()]
      .sort()
      .flatMap((kind) => (this.#byKind.get(kind) ?? []).map(({ shown }) => shown));
  }

  erase(key: string): number {
    return this.#remove((one) => one.key === key);
  }

  #remove(isIt: (one: Kept) => boolean): number {
    let removed = 0;
    for (const [kind, kept] of this.#byKind) {
      const left = kept.filter((one) => !isIt(one));
      removed += kept.length - left.length;
      if (left.length === 0) this.#byKind.delete(kind);
      else this.#byKind.set(kind, left);
    }
    return removed;
  }

  /** Removes what is over when it is over, not when somebody looks. */
  #watchExpiry(): void {
    const times = [...this.#byKind.values()].flatMap((kept) => kept.map(({ shown }) => shown.expires));
    if (times.length === 0) return;
    const wait = Math.min(...times) - this.#clock.now();
    this.#cancel ??= this.#clock.setTimer(
      () => {
        this.#cancel = null;
        this.#remove(({ shown }) => shown.expires <= this.#clock.now());
        this.#watchExpiry();
      },
      Math.min(longestMs, Math.max(0, wait)),
    );
  }
}

/** Keeps up to `perView` for each view and slice. */
export function createWorstExamples(clock: Clock, perView: number): WorstExamples {
  return new LocalWorstExamples(clock, perView);
}
