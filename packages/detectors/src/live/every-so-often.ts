import type { Clock } from "@verdigris/contracts";

/** Does something again and again, never twice at a time; what it throws goes to `failed`. Returns what stops it. */
export function everySoOften(
  clock: Clock,
  everyMs: number,
  work: () => Promise<void>,
  failed: (error: unknown) => void,
): () => void {
  let stopped = false;
  let cancel = (): void => {};
  const again = (): void => {
    if (!stopped) cancel = clock.setTimer(() => void once(), everyMs);
  };
  const once = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failed(error);
    }
    again();
  };
  again();
  return () => {
    stopped = true;
    cancel();
  };
}
