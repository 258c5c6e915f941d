import type { RedisSettings } from "./risks.ts";

/** CONFIG GET answers a flat list, a map or an object, as client and protocol have it. */
function pairs(reply: unknown): ReadonlyMap<string, string> {
  if (reply instanceof Map) {
    return new Map(
      [...(reply as Map<unknown, unknown>)].map(([name, value]) => [String(name), String(value)]),
    );
  }
  if (Array.isArray(reply)) {
    const list = reply as readonly unknown[];
    const found = new Map<string, string>();
    for (let n = 0; n + 1 < list.length; n += 2) found.set(String(list[n]), String(list[n + 1]));
    return found;
  }
  return new Map(Object.entries((reply ?? {}) as Record<string, unknown>).map(([k, v]) => [k, String(v)]));
}

/** The fields of an INFO reply. */
function fields(reply: unknown): ReadonlyMap<string, string> {
  return new Map(
    String(reply)
      .split(/\r?\n/)
      .filter((line) => line.includes(":"))
      .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)] as const),
  );
}

function fsyncOf(value: string | undefined): RedisSettings["appendFsync"] {
  return value === "always" || value === "no" ? value : "everysec";
}

/** A server's own settings, or null where it does not tell them, as managed services do. */
export async function readSettings(
  ask: (args: readonly string[]) => Promise<unknown>,
): Promise<RedisSettings | null> {
  const one = async (name: string): Promise<string | undefined> =>
    pairs(await ask(["CONFIG", "GET", name])).get(name);
  try {
    const [appendOnly, appendFsync, onRewrite, policy, replication] = await Promise.all([
      one("appendonly"),
      one("appendfsync"),
      one("no-appendfsync-on-rewrite"),
      one("maxmemory-policy"),
      ask(["INFO", "replication"]),
    ]);
    if (appendOnly === undefined || appendFsync === undefined || policy === undefined) return null;
    return {
      appendOnly: appendOnly === "yes",
      appendFsync: fsyncOf(appendFsync),
      noFsyncOnRewrite: onRewrite === "yes",
      maxmemoryPolicy: policy,
      replicas: Number(fields(replication).get("connected_slaves") ?? 0),
    };
  } catch {
    // Refused, renamed or unknown: the caller says what it means.
    return null;
  }
}
