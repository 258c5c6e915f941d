import { type ErrorCode, isVerdigrisError, VerdigrisError } from "@verdigris/contracts";

const sentences: readonly (readonly [string, string])[] = [
  ["25006", "the server is a standby and takes no writes: connect to the primary"],
  ["28", "the server refused the login: check user, password and pg_hba.conf"],
  ["3D000", "the database does not exist: create it"],
  ["3F000", "the schema does not exist: open the store once with migrate, or run the migration"],
  ["42501", "a privilege is missing: grant the store's role what the guide lists"],
  ["42P01", "a table of the store is missing: run the migration"],
  ["42883", "a function of the store is missing: run the migration of this release"],
  ["53300", "the server has no connection left: use a smaller pool or a pooler"],
  ["53100", "the disk is full: make room"],
  ["55P03", "another transaction has held a key for too long: find it in pg_locks, or try again"],
  ["57014", "the server cancelled the statement: look at statement_timeout, or try again"],
  ["57P", "the server is shutting down or starting: try again"],
];

/** The server's five-character SQLSTATE, or what the network layer calls the failure, or nothing. */
function engineCodeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

/** True when the server itself said that the statement failed, so that its transaction is undone. */
export function isRefusal(error: unknown): boolean {
  const code = engineCodeOf(error);
  // A server going down may say so after the commit, and class 08 speaks of the connection, not of the statement.
  return /^[0-9A-Z]{5}$/.test(code) && "severity" in Object(error) && !/^(57P|08)/.test(code);
}

/** True when the same statement may succeed at once: a deadlock or a serialization failure, both undone. */
export function isTransient(error: unknown): boolean {
  return isRefusal(error) && /^(40P01|40001)$/.test(engineCodeOf(error));
}

/** What went wrong, as callers see it; our own errors pass through. */
export function toStoreError(error: unknown, schema: string, outcome: ErrorCode): unknown {
  if (isVerdigrisError(error)) return error;
  const engineCode = engineCodeOf(error);
  const details = { schema, engineCode };
  if (engineCode === "VG001") {
    const message = `${schema}: transactions must be read committed, or a start could miss a flip: ALTER ROLE … SET default_transaction_isolation = 'read committed'`;
    return new VerdigrisError("store-lacks-capability", message, details, { cause: error });
  }
  if (outcome === "store-indeterminate") {
    const message = `${schema}: the connection failed while a commit was under way: read the keys again to learn whether it happened`;
    return new VerdigrisError("store-indeterminate", message, details, { cause: error });
  }
  const known = sentences.find(([prefix]) => engineCode.startsWith(prefix))?.[1];
  const message = `${schema}: ${known ?? "the server cannot be reached or failed: see the cause"}`;
  return new VerdigrisError(outcome, message, details, { cause: error });
}
