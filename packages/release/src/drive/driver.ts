import { type Actor, isVerdigrisError, type Unsubscribe } from "@verdigris/contracts";
import { recoverDrill } from "../back/drill.ts";
import { drillAgeMs } from "../back/drill-records.ts";
import { isUnderWay } from "../machine/record.ts";
import { createLease } from "../records/lease.ts";
import { loadCurrent } from "../records/release-store.ts";
import type { World } from "../records/world.ts";
import { createJobs } from "./jobs.ts";
import type { ReleasePorts } from "./ports.ts";
import { driveOnce } from "./round.ts";

/** Drives the release of one agent, whatever process started it. */
export interface Driver extends AsyncDisposable {
  /** One look: what is due is done, what takes long is begun. Never rejects. */
  tick(): Promise<void>;
  /** Looks at once instead of at the next tick. */
  wake(): void;
  /** Stops, and gives the lease up so that another process need not wait for its end. */
  close(): Promise<void>;
}

/** Options of a driver. */
export interface DriverOptions {
  readonly world: World;
  readonly ports: ReleasePorts;
  /** Unique per process start. */
  readonly id: string;
  readonly tickMs: number;
  readonly onError: (error: unknown) => void;
}

/** A drill that has not ended by then has lost its process. */
const abandonedMs = 15 * 60_000;

/** Does `work` again as long as it was asked for while it ran; two never run at once. */
function oneAtATime(work: () => Promise<void>): {
  readonly run: () => Promise<void>;
  readonly settled: () => Promise<void>;
} {
  let running: Promise<void> | null = null;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await work();
    } while (again);
  };
  return {
    run() {
      again = running !== null;
      running ??= run().finally(() => {
        running = null;
      });
      return running;
    },
    settled: async () => running ?? undefined,
  };
}

/** Creates a driver; it looks every `tickMs`, and at once when the store hints at a change. */
export function createDriver({ world, ports, id, tickMs, onError }: DriverOptions): Driver {
  const { store, keys, clock } = world;
  const actor: Actor = { kind: "machine", id: `driver:${id}` };
  const lease = createLease(world, id);
  let closed = false;
  let cancelTimer = (): void => {};
  const jobs = createJobs(() => wake());

  /** True while a drill moves the route about on purpose: what it does is no news for a release. */
  const isDrilled = async (): Promise<boolean> => {
    const ageMs = await drillAgeMs(world);
    if (ageMs !== null && ageMs > abandonedMs) await recoverDrill(world, actor);
    return ageMs !== null;
  };
  const look = async (): Promise<void> => {
    const { current } = await loadCurrent(world);
    const wanted = current !== null && isUnderWay(current.record);
    if (!wanted || (await isDrilled()) || !(await lease.hold())) jobs.keepOnly(() => false);
    else await driveOnce({ world, ports, lease, jobs, actor }, current);
  };
  const looks = oneAtATime(async () => {
    cancelTimer();
    if (closed) return;
    await look().catch((error: unknown) => {
      if (!(closed && isVerdigrisError(error, "closed"))) onError(error);
    });
    if (!closed) cancelTimer = clock.setTimer(() => wake(), tickMs);
  });
  function wake(): void {
    if (!closed) void looks.run();
  }

  const stopWatching: Unsubscribe = store.watch(keys.release(), (hint) => {
    if (hint.type !== "down") wake();
  });
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    stopWatching();
    jobs.close();
    cancelTimer();
    await looks.settled();
    await lease.release().catch(onError);
  };
  return { tick: looks.run, wake, close, [Symbol.asyncDispose]: close };
}
