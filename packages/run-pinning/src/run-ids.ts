import { monotonicFactory } from "ulid";

/** Random bytes asked for at once: a call each would make the first id of a millisecond cost as much as a whole start. */
const poolBytes = 1_024;

/** Mints run ids: ULIDs that rise within this process, made of the host's cryptographic randomness. */
export function createRunIds(): () => string {
  const pool = new Uint8Array(poolBytes);
  let used = poolBytes;
  const nextId = monotonicFactory(() => {
    if (used === poolBytes) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    return (pool[used++] ?? 0) / 256;
  });
  return () => nextId();
}
