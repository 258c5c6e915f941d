import { type Bundle, type PinRecord, VerdigrisError } from "@verdigris/contracts";
import { checkStart } from "./choose-bundle.ts";
import { announce, hold } from "./hold-run.ts";
import type { PinnedHost, RunHost } from "./host.ts";
import { parentLost } from "./parent.ts";
import { PinState } from "./pin-state.ts";
import type { Lease } from "./pipelines.ts";
import { reopen } from "./reopen.ts";
import { redeliver } from "./resume-run.ts";
import type { StartOptions, StartResult } from "./run-types.ts";
import { type Draft, draftAtHand, draftPin, draftStart, startOps } from "./start-draft.ts";
import { findOutStart, replyToStart, type StartCommit, type StartReply } from "./start-reply.ts";
import { formatToken } from "./token.ts";

const attempts = 4;

/** A start that only has to be committed. Without a lease the run is for another process to take up. */
interface Attempt<P> extends StartCommit {
  readonly draft: Draft;
  readonly bundle: Bundle;
  readonly lease: Lease<P> | null;
  readonly record: PinRecord;
  readonly key: string;
}

function attempt<P>(
  pinned: PinnedHost,
  options: StartOptions<P>,
  run: string,
  draft: Draft,
  bundle: Bundle,
  lease: Lease<P> | null,
): Attempt<P> {
  const record = draftPin(run, draft, options, lease !== null);
  const key = pinned.keys.pin(record.bundle, record.deadline, run);
  const ops = startOps(pinned, draft, record, key);
  return { draft, bundle, lease, record, key, ops, claimAt: options.id === undefined ? -1 : 2 };
}

/** The attempt of most starts, which wait for nothing but their commit; null where something has to be read or loaded. */
function attemptAtHand<P>(
  host: RunHost<P>,
  pinned: PinnedHost,
  options: StartOptions<P>,
  run: string,
): Attempt<P> | null {
  const draft = draftAtHand(pinned, options, run);
  if (draft === null) return null;
  const bundle = host.pipelines.bundle(draft.choice.bundle);
  if (bundle === undefined || !host.serves(bundle)) return null;
  const lease = host.pipelines.take(bundle);
  return lease === null ? null : attempt(pinned, options, run, draft, bundle, lease);
}

/** Reads and loads what the start needs; null when the route, read anew by then, has moved to another bundle meanwhile. */
async function prepareAttempt<P>(
  host: RunHost<P>,
  pinned: PinnedHost,
  options: StartOptions<P>,
  run: string,
): Promise<Attempt<P> | null> {
  const draft = await draftStart(host.agent, pinned, options, run);
  const chosen = draft.choice.bundle;
  const bundle = host.pipelines.bundle(chosen) ?? (await host.bundleOf(chosen));
  if (!host.serves(bundle)) return attempt(pinned, options, run, draft, bundle, null);
  const standing = host.pipelines.take(bundle);
  if (standing !== null) return attempt(pinned, options, run, draft, bundle, standing);
  const lease = await host.pipelines.acquire(bundle);
  let kept = false;
  try {
    // A load may take long, and its time is not the run's.
    const later = await draftStart(host.agent, pinned, options, run);
    kept = later.choice.bundle === bundle.id;
    if (kept) return attempt(pinned, options, run, later, bundle, lease);
    await pinned.router.refresh();
    return null;
  } finally {
    if (!kept) lease.release();
  }
}

/** The run of an accepted start: held here, or for another process to take up. */
function place<P>(
  host: RunHost<P>,
  { draft, record, key, bundle, lease }: Attempt<P>,
  { rev, claimRev }: Extract<StartReply, { readonly kind: "accepted" }>,
): StartResult<P> {
  if (lease === null)
    return { placed: false, bundle: bundle.id, token: formatToken(host.agent, record, rev) };
  const run = hold(host, new PinState(record, key, rev, claimRev), lease);
  announce(run, draft.choice.routing);
  return { placed: true, run };
}

/** What a start comes to whose commit was refused because of `key`. */
async function afterConflict<P>(
  host: RunHost<P>,
  pinned: PinnedHost,
  options: StartOptions<P>,
  { parent }: Draft,
  key: string,
): Promise<StartResult<P> | "decide-again"> {
  if (options.id !== undefined && key === pinned.keys.claim(options.id))
    return redeliver(host, pinned, options.id);
  if (parent !== null && key === parent.pin.key) parentLost((options as StartOptions<never>).parent, parent);
  return "decide-again";
}

/** Accepts a run; see `RunPinning.start`. Every run comes through here: a promise less is noticed. */
export async function startRun<P>(
  host: RunHost<P>,
  pinned: PinnedHost,
  options: StartOptions<P>,
): Promise<StartResult<P>> {
  checkStart(options as StartOptions<never>);
  if (pinned.router.mode() === "closed") await reopen(pinned.router);
  const run = host.newId();
  for (let tries = 0; tries < attempts; tries++) {
    const ready =
      attemptAtHand(host, pinned, options, run) ?? (await prepareAttempt(host, pinned, options, run));
    if (ready === null) continue;
    let kept = false;
    try {
      let said: StartReply;
      try {
        said = replyToStart(await pinned.store.commit(ready.ops), ready.claimAt);
      } catch (error) {
        said = await findOutStart(pinned, ready, error);
      }
      kept = said.kind === "accepted";
      if (said.kind === "accepted") return place(host, ready, said);
      const other = await afterConflict(host, pinned, options, ready.draft, said.key);
      if (other !== "decide-again") return other;
    } finally {
      if (!kept) ready.lease?.release();
    }
    await pinned.router.refresh();
  }
  throw new VerdigrisError("route-contended", `the route of ${host.agent} kept moving: try the start again`, {
    agent: host.agent,
  });
}
