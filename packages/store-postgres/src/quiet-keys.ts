import type { StoreOp } from "@verdigris/contracts";

/**
 * Records of single runs and the heartbeats of nodes, wherever a prefix puts them. They change at the rate of the traffic
 * and nobody waits for them; commits with a notification queue up behind a lock of the whole database.
 */
const quiet =
  /\/(?:pin\/[^/]+\/\d{13}\/[^/]+|(?:claim|moved|node)\/[^/]+|notice\/\d{13}\/[^/]+|chunk\/[^/]+\/[^/]+\/\d+)$/;

/** Under a prefix an agent may be called `claim`, and its route is no claim. */
const route = /\/route$/;

/** True for a key whose changes are not pushed: `pin`, `claim`, `moved`, `node`, `notice` and `chunk` records. */
export function isQuietKey(key: string): boolean {
  return quiet.test(key) && !route.test(key);
}

/** The server refuses payloads of 8,000 bytes. */
const longestPayload = 7_900;

/** What a commit says to those who listen, or null when nobody needs to hear of it. */
export function notificationOf(ops: readonly StoreOp[]): string | null {
  const keys = ops.filter(({ op, key }) => op !== "check" && !isQuietKey(key)).map(({ key }) => key);
  if (keys.length === 0) return null;
  const payload = `=${keys.join("\n")}`;
  return payload.length > longestPayload ? "*" : payload;
}

/** The keys a notification names; null when it says that anything may have changed. */
export function keysOf(payload: string): readonly string[] | null {
  return payload.startsWith("=") ? payload.slice(1).split("\n") : null;
}
