import { isVerdigrisError, VerdigrisError } from "@verdigris/contracts";

/** Replies by which the server says that it has not begun: what they mean, and what to do. */
const refusals: Readonly<Record<string, string>> = {
  OOM: "the server has reached its maxmemory and takes no new entries: give it more, or finish runs",
  READONLY: "the server is a replica: connect to the primary",
  LOADING: "the server is loading its data: wait for it",
  MISCONF: "the server cannot persist and therefore refuses writes: look at its disk and its log",
  NOREPLICAS: "the server has too few replicas to take writes (min-replicas-to-write): bring them back",
  MASTERDOWN: "the server is a replica that has lost its primary: connect to the primary",
  CLUSTERDOWN: "the cluster has no owner for the slot of these keys: look at its nodes",
  TRYAGAIN: "the slot of these keys is being moved: try again",
  MOVED: "the slot of these keys lives on another node: pass a cluster client",
  ASK: "the slot of these keys is being moved: pass a cluster client",
  CROSSSLOT: "the keys of the store are not in one slot: pass a prefix without braces",
  BUSY: "the server runs a script that does not end: look for it",
  NOAUTH: "the server asks for a password: give the client one",
  WRONGPASS: "the server refuses the password of the client: correct it",
  NOPERM: "the user may not run what the store needs: see the README for its commands and keys",
  WRONGTYPE: "something else has written under the keys of the store: pass another prefix",
};

/** The first word of an error reply, such as `OOM`; empty for anything else. */
export function replyCode(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  return (typeof message === "string" && /^-?([A-Z][A-Z]+)\b/.exec(message)?.[1]) || "";
}

/** Inside a script the reply of the command is quoted in the middle. */
function innerCode(error: unknown): string {
  const message = String((error as { message?: unknown } | null)?.message);
  if (/ACL failure in script|The user executing the script can't/.test(message)) return "NOPERM";
  return Object.keys(refusals).find((code) => new RegExp(`(^|\\s|-)${code}\\s`).test(message)) ?? "";
}

/** What the clients say of a command they have not sent. */
const unsent = ["The client is closed", "The client is offline", "Stream isn't writeable"];

/** True when the command cannot have reached the server, or the server has said that it did nothing. */
export function didNotHappen(error: unknown): boolean {
  if (innerCode(error) !== "") return true;
  const message = String((error as { message?: unknown } | null)?.message);
  return unsent.some((beginning) => message.startsWith(beginning));
}

export function toUnavailable(error: unknown, store: string): VerdigrisError {
  if (isVerdigrisError(error, "store-unavailable")) return error as VerdigrisError;
  const engineCode = innerCode(error) || replyCode(error);
  const sentence =
    refusals[engineCode] ?? "the server could not be asked: see the cause, and try again later";
  return new VerdigrisError(
    "store-unavailable",
    `${store}: ${sentence}`,
    { store, engineCode },
    { cause: error },
  );
}

export function toIndeterminate(error: unknown, store: string): VerdigrisError {
  return new VerdigrisError(
    "store-indeterminate",
    `${store}: the reply to a commit was lost: read the keys again to learn whether it happened`,
    { store, engineCode: replyCode(error) },
    { cause: error },
  );
}
