import type { Clock } from "@verdigris/contracts";

/** Does `work`, and keeps the process alive meanwhile: timers of the clock do not, and a program that only waits must not end. */
export async function keepingAlive<T>(work: () => Promise<T>): Promise<T> {
  const alive = setInterval(() => {}, 60_000);
  try {
    return await work();
  } finally {
    clearInterval(alive);
  }
}

/** Waits on the clock, and keeps the process alive meanwhile. */
export async function pause(clock: Clock, ms: number): Promise<void> {
  await keepingAlive(() => new Promise<void>((resolve) => void clock.setTimer(resolve, ms)));
}
