import { isVerdigrisError, VerdigrisError } from "@verdigris/contracts";

const sentences: readonly (readonly [string, string])[] = [
  ["SQLITE_FULL", "the disk or its quota is full: make room"],
  ["SQLITE_READONLY", "the file or its directory cannot be written: check the owner and the mount"],
  ["SQLITE_NOTADB", "the file is not a SQLite database: name another file or restore it"],
  ["SQLITE_CORRUPT", "the file is damaged: restore it from a backup"],
  ["SQLITE_CANTOPEN", "the file cannot be opened: check that its directory exists and may be written"],
  ["SQLITE_PERM", "the file may not be opened by this user: check its owner and mode"],
  ["SQLITE_AUTH", "the file may not be opened by this user: check its owner and mode"],
  ["SQLITE_IOERR", "the disk answered with an input or output error: check the disk"],
  ["SQLITE_NOMEM", "the engine is out of memory: give the process more"],
];

function codeOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === "string" && code !== "") return code;
  // A failed open carries no code, only the name of the step that failed.
  return typeof message === "string" && message.startsWith("ConnectionFailed") ? "SQLITE_CANTOPEN" : "";
}

/** True when another connection holds the lock that was wanted: nothing happened, and later it may work. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED");
}

/** True when the engine failed in a way that leaves open whether a COMMIT reached the disk. */
export function isUnknownOutcome(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith("SQLITE_IOERR") || code === "";
}

/** What the engine threw, as the `store-unavailable` error that callers see; our own errors pass through. */
export function toUnavailable(error: unknown, file: string): unknown {
  if (isVerdigrisError(error)) return error;
  const code = codeOf(error);
  const known = sentences.find(([prefix]) => code.startsWith(prefix));
  return new VerdigrisError(
    "store-unavailable",
    `${file}: ${known?.[1] ?? "the database engine failed: see the cause"}`,
    { file, engineCode: code },
    { cause: error },
  );
}

export function toIndeterminate(error: unknown, file: string): VerdigrisError {
  return new VerdigrisError(
    "store-indeterminate",
    `${file}: the disk failed while a commit was being written: read the keys again to learn whether it happened`,
    { file, engineCode: codeOf(error) },
    { cause: error },
  );
}
