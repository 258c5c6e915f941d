import { type CommitResult, isVerdigrisError, type StoreOp, VerdigrisError } from "@verdigris/contracts";
import type { PinnedHost } from "./host.ts";
import { commitNoted } from "./pin-state.ts";

/** What became of the commit of a start. */
export type StartReply =
  | { readonly kind: "accepted"; readonly rev: number; readonly claimRev: number | null | undefined }
  | { readonly kind: "conflict"; readonly key: string };

/** The commit of a start: its pin is the second op, its claim stands at `claimAt`, or nowhere when that is -1. */
export interface StartCommit {
  readonly ops: readonly StoreOp[];
  readonly claimAt: number;
}

const attempts = 4;

/** What the store's answer says of a start. */
export function replyToStart(result: CommitResult, claimAt: number): StartReply {
  if (!result.ok) return { kind: "conflict", key: result.key };
  const claimRev = claimAt < 0 ? null : result.revs[claimAt];
  return { kind: "accepted", rev: result.revs[1] ?? 0, claimRev };
}

/**
 * What became of a start whose commit failed with `error`. A lost reply is answered by looking for the pin, whose key no
 * other run can have; rejects with `store-indeterminate` where that does not tell, and with `error` when it is another.
 */
export async function findOutStart(
  pinned: PinnedHost,
  commit: StartCommit,
  error: unknown,
): Promise<StartReply> {
  if (!isVerdigrisError(error, "store-indeterminate")) throw error;
  try {
    return await lookForStart(pinned, commit);
  } catch (cause) {
    throw unconfirmed(cause);
  }
}

async function lookForStart(pinned: PinnedHost, commit: StartCommit): Promise<StartReply> {
  for (let tries = 1; tries < attempts; tries++) {
    const landed = await findLanded(pinned, commit);
    if (landed !== null) return landed;
    const result = await commitNoted(pinned, commit.ops);
    if (result === "no-reply") continue;
    const said = replyToStart(result, commit.claimAt);
    // A refusal may be the doing of the commit whose reply was lost.
    return (said.kind === "accepted" ? null : await findLanded(pinned, commit)) ?? said;
  }
  const landed = await findLanded(pinned, commit);
  if (landed !== null) return landed;
  throw unconfirmed();
}

/** After a lost reply "unavailable" would say that nothing happened, and nobody knows that. */
function unconfirmed(cause?: unknown): VerdigrisError {
  const message = "the store did not confirm the start: if it was accepted, it expires unused";
  return new VerdigrisError("store-indeterminate", message, {}, { cause });
}

async function findLanded(pinned: PinnedHost, { ops, claimAt }: StartCommit): Promise<StartReply | null> {
  const { entries } = await pinned.store.get([ops[1]?.key ?? ""]);
  const found = entries[0] ?? null;
  if (found === null) return null;
  const put = ops[1];
  // Taken up by the next delivery of the same id before this look: that owner has it now, and is asked for it by the id.
  if (put?.op === "put" && found.value !== put.value)
    return { kind: "conflict", key: ops[claimAt]?.key ?? "" };
  return { kind: "accepted", rev: found.rev, claimRev: claimAt < 0 ? null : undefined };
}
