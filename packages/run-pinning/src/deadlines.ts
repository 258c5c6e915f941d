import type { Clock } from "@verdigris/contracts";
import type { StoreTime } from "@verdigris/router";

/** Something to wake at a store time. `wake` may move `wakeAt` and be added again. */
export interface Sleeper {
  wakeAt: number;
  /** Its place in the schedule, which alone changes it; -1 outside. */
  sleepsAt: number;
  wake(now: number): void;
}

/** One timer for all runs of a process: a timer each would cost 208 bytes a run and overflow past 24.8 days. */
export interface Deadlines {
  add(sleeper: Sleeper): void;
  remove(sleeper: Sleeper): void;
  stop(): void;
}

const bucketMs = 1_000;
/** Store time can jump (a machine that slept), so a long wait is looked at again this often. */
const longestWaitMs = 5_000;

interface Buckets {
  /** The earliest bucket that holds somebody, or undefined. Empty ones before it are let go. */
  first(): readonly [number, readonly Sleeper[]] | undefined;
  add(sleeper: Sleeper): void;
  remove(sleeper: Sleeper): void;
  clear(): void;
}

/**
 * Sleepers by the second they wake in, seconds in order. A second is a list with the place noted in each sleeper: a set
 * that empties makes itself a new table every time, and those outlive many collections.
 */
function createBuckets(): Buckets {
  const buckets = new Map<number, Sleeper[]>();
  const order: number[] = [];

  const position = (bucket: number): number => {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((order[middle] ?? 0) < bucket) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const drop = (bucket: number): void => {
    buckets.delete(bucket);
    order.splice(position(bucket), 1);
  };
  const open = (bucket: number): Sleeper[] => {
    const newest = order.at(-1);
    if (newest !== undefined && newest < bucket && buckets.get(newest)?.length === 0) drop(newest);
    const at = position(bucket);
    if (at === order.length) order.push(bucket);
    else order.splice(at, 0, bucket);
    const sleepers: Sleeper[] = [];
    buckets.set(bucket, sleepers);
    return sleepers;
  };
  return {
    first() {
      for (let bucket = order[0]; bucket !== undefined; bucket = order[0]) {
        const sleepers = buckets.get(bucket);
        if (sleepers !== undefined && sleepers.length > 0) return [bucket, sleepers];
        drop(bucket);
      }
      return undefined;
    },
    add(sleeper) {
      const bucket = Math.floor(sleeper.wakeAt / bucketMs);
      sleeper.sleepsAt = (buckets.get(bucket) ?? open(bucket)).push(sleeper) - 1;
    },
    remove(sleeper) {
      const bucket = Math.floor(sleeper.wakeAt / bucketMs);
      const sleepers = buckets.get(bucket);
      if (sleepers?.[sleeper.sleepsAt] !== sleeper) return;
      const last = sleepers.pop();
      if (last !== undefined && last !== sleeper) {
        sleepers[sleeper.sleepsAt] = last;
        last.sleepsAt = sleeper.sleepsAt;
      }
      sleeper.sleepsAt = -1;
      // The newest bucket stays when it empties: where runs come and go alone, the next one belongs in it.
      if (sleepers.length === 0 && bucket !== order.at(-1)) drop(bucket);
    },
    clear() {
      for (const sleepers of buckets.values()) for (const sleeper of sleepers) sleeper.sleepsAt = -1;
      buckets.clear();
      order.length = 0;
    },
  };
}

/** Creates the schedule. `trueTime` re-reads store time when it cannot be trusted and then calls back. */
export function createDeadlines(
  clock: Clock,
  time: StoreTime,
  trueTime: (then: () => void) => void,
): Deadlines {
  const buckets = createBuckets();
  let cancel: (() => void) | null = null;
  let firesAt = Number.POSITIVE_INFINITY;

  const arm = (): void => {
    cancel?.();
    cancel = null;
    firesAt = Number.POSITIVE_INFINITY;
    const first = buckets.first();
    if (first === undefined) return;
    let due = (first[0] + 1) * bucketMs;
    for (const sleeper of first[1]) due = Math.min(due, sleeper.wakeAt);
    const now = time.now();
    firesAt = Math.min(Math.max(now, due), now + longestWaitMs);
    cancel = clock.setTimer(() => trueTime(fire), firesAt - now);
  };
  const fire = (): void => {
    // Still suspect after asking: the store is away, and what was slept may not lengthen a run.
    const now = time.suspect() ? time.latest() : time.now();
    for (
      let first = buckets.first();
      first !== undefined && first[0] * bucketMs <= now;
      first = buckets.first()
    ) {
      const [bucket, sleepers] = first;
      const due = sleepers.filter(({ wakeAt }) => wakeAt <= now).sort((a, b) => a.wakeAt - b.wakeAt);
      for (const sleeper of due) {
        buckets.remove(sleeper);
        sleeper.wake(now);
      }
      if (buckets.first()?.[0] === bucket) break;
    }
    arm();
  };
  return {
    add(sleeper) {
      buckets.add(sleeper);
      if (sleeper.wakeAt < firesAt) arm();
    },
    // The timer stays: waking for nobody once in a while is cheaper than a timer for every run that comes and goes alone.
    remove: buckets.remove,
    stop() {
      buckets.clear();
      arm();
    },
  };
}
