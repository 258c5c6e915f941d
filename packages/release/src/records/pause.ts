import type { Clock } from "@verdigris/contracts";

/** Waits on the clock, and keeps the process alive meanwhile: its timers do not, and a program that only waits must not end. */
export async function pause(clock: Clock, ms: number): Promise<void> {
  const alive = setInterval(() => {}, 60_000);
  await new Promise<void>((resolve) => clock.setTimer(resolve, ms));
  clearInterval(alive);
}
