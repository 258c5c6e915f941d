import { type StoreCapabilities, VerdigrisError } from "@verdigris/contracts";
import type { Call } from "./calls.ts";

/** What the server's settings let an acknowledged commit survive. */
export interface ServerFacts {
  /** An engine compiled into this process: no second process may open its data, and nothing says it is on disk. */
  readonly inProcess: boolean;
  readonly fsync: boolean;
  readonly synchronousCommit: string;
}

export async function readServerFacts(call: Call, schema: string): Promise<ServerFacts> {
  const [row] = await call(
    "read",
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS sync,
      version() AS version, pg_is_in_recovery() AS standby, current_setting('default_transaction_isolation') AS isolation`,
    [],
  );
  const { fsync, sync, version, standby, isolation } = row as Record<string, unknown>;
  if (standby === true) {
    throw new VerdigrisError(
      "store-unavailable",
      `${schema}: the server is a standby, whose answers are old: connect to the primary`,
      { schema },
    );
  }
  if (isolation !== "read committed") {
    throw new VerdigrisError(
      "store-lacks-capability",
      `${schema}: transactions are ${String(isolation)} by default and must be read committed, or a start could miss a flip: ALTER ROLE … SET default_transaction_isolation = 'read committed'`,
      { schema, isolation },
    );
  }
  return {
    inProcess: /emscripten|emcc|wasm/i.test(String(version)),
    fsync: fsync === "on",
    synchronousCommit: String(sync),
  };
}

/** Throws `store-lacks-capability` for a server that may forget an acknowledged flip, unless that is accepted. */
export function capabilitiesOf(
  { inProcess, fsync, synchronousCommit }: ServerFacts,
  durability: "required" | "accept-loss",
  schema: string,
): Omit<StoreCapabilities, "push"> {
  if (inProcess) return { multiKey: true, crossProcess: false, durableAck: false };
  if (!fsync && durability === "required") {
    throw new VerdigrisError(
      "store-lacks-capability",
      `${schema}: fsync is off, so the server may forget acknowledged flips: turn it on, or accept the loss with durability: "accept-loss"`,
      { schema, fsync },
    );
  }
  // Required, every commit asks for its flush itself, whatever the session says.
  const flushed = durability === "required" || synchronousCommit !== "off";
  return { multiKey: true, crossProcess: true, durableAck: fsync && flushed };
}
