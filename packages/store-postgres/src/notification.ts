import { announces, type StoreOp } from "@verdigris/contracts";

/** The server refuses payloads of 8,000 bytes. */
const longestPayload = 7_900;

/** What a commit says to those who listen, or null when nobody needs to hear of it. */
export function notificationOf(ops: readonly StoreOp[]): string | null {
  const keys = ops.filter(({ op, key }) => op !== "check" && announces(key)).map(({ key }) => key);
  if (keys.length === 0) return null;
  const payload = `=${keys.join("\n")}`;
  return payload.length > longestPayload ? "*" : payload;
}

/** The keys a notification names; null when it says that anything may have changed. */
export function keysOf(payload: string): readonly string[] | null {
  return payload.startsWith("=") ? payload.slice(1).split("\n") : null;
}
