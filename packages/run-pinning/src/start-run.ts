import {
  type CommitResult,
  type PinRecord,
  type RouteSnapshot,
  type StoreOp,
  VerdigrisError,
} from "@verdigris/contracts";
import { anchorOps, followRoot } from "./anchor.ts";
import { type Choice, checkStart, chooseBundle, decideOn, inheritedKey } from "./choose-bundle.ts";
import { announce, hold } from "./hold-run.ts";
import type { PinnedHost, RunHost } from "./host.ts";
import { type ParentFacts, parentLost, readParent } from "./parent.ts";
import { commitNoted, newPinState, pointerText } from "./pin-state.ts";
import { acceptedPinText } from "./pin-text.ts";
import { reopen } from "./reopen.ts";
import { redeliver } from "./resume-run.ts";
import type { StartOptions, StartResult } from "./run-types.ts";
import { scopeOf } from "./scope.ts";
import { formatToken } from "./token.ts";

const attempts = 4;

interface Draft {
  readonly snapshot: RouteSnapshot;
  readonly choice: Choice;
  readonly parent: ParentFacts | null;
  readonly accepted: number;
  /** No deadline may be later than that of what the run follows: its parent, its root's anchor. */
  readonly notAfter: number;
  /** True for a child of another agent's run: the first that the route places settles the bundle for the later ones. */
  readonly foreign: boolean;
}

function draftPin(run: string, draft: Draft, options: StartOptions<never>, placed: boolean): PinRecord {
  const { snapshot, choice, parent, accepted, notAfter } = draft;
  const { v, policy, generation } = snapshot.route;
  const cap = Math.floor(Math.min(accepted + policy.maxAgeMs, notAfter));
  const asked = Math.floor(Math.min(cap, accepted + (options.maxAgeMs ?? policy.maxAgeMs)));
  const key = inheritedKey(options, parent, run);
  const labels = options.labels ?? parent?.labels;
  return {
    v,
    run,
    bundle: choice.bundle,
    epoch: 1,
    accepted: Math.floor(accepted),
    deadline: placed ? asked : Math.min(asked, Math.floor(accepted + policy.placementMs)),
    cap: placed ? cap : asked,
    class: choice.class,
    generation,
    ...(key === run ? {} : { key }),
    ...(labels === undefined || Object.keys(labels).length === 0 ? {} : { labels: { ...labels } }),
    ...(options.id === undefined ? {} : { claim: options.id }),
    ...(parent === null ? {} : { parent: parent.run, root: parent.root, rootDeadline: parent.rootDeadline }),
    ...(placed ? {} : { unplaced: true as const }),
  };
}

/** True for a pin without any of the optional fields. */
function isPlain({ key, labels, claim, parent, unplaced }: PinRecord): boolean {
  return (
    key === undefined &&
    labels === undefined &&
    claim === undefined &&
    parent === undefined &&
    unplaced !== true
  );
}

function startOps(
  pinned: PinnedHost,
  draft: Draft,
  record: PinRecord,
  key: string,
  options: StartOptions<never>,
): StoreOp[] {
  const { keys } = pinned;
  const { snapshot, choice, parent } = draft;
  const ops: StoreOp[] = [
    { op: "check", key: snapshot.key, rev: snapshot.rev },
    { op: "put", key, rev: 0, value: acceptedPinText(record, isPlain(record)) },
  ];
  if (options.id !== undefined)
    ops.push({ op: "put", key: keys.claim(options.id), rev: 0, value: pointerText(record, key) });
  if (draft.foreign && choice.assigned !== null && parent !== null)
    ops.push(...anchorOps(keys, parent, { ...record, class: choice.assigned }, snapshot.route.policy));
  // A parent that was taken up, moved or finished since it was read may have no child on the word of an old handle.
  if (parent !== null && !draft.foreign) ops.push({ op: "check", ...parent.pin });
  const notice = choice.named ? pinned.notices.take() : null;
  if (notice !== null) {
    const value = JSON.stringify({
      v: record.v,
      kind: "named-start",
      run: record.run,
      bundle: record.bundle,
      class: record.class,
      ...notice,
    });
    ops.push({ op: "put", key: keys.notice(record.accepted, record.run), rev: 0, value });
  }
  return ops;
}

type Committed =
  | { readonly kind: "accepted"; readonly rev: number; readonly claimRev: number | null | undefined }
  | { readonly kind: "conflict"; readonly key: string };

/** What a reply says of a start; null when there was none. */
function committed(result: CommitResult | "no-reply", claimAt: number): Committed | null {
  if (result === "no-reply") return null;
  if (!result.ok) return { kind: "conflict", key: result.key };
  const claimRev = claimAt < 0 ? null : result.revs[claimAt];
  return { kind: "accepted", rev: result.revs[1] ?? 0, claimRev };
}

/** A lost reply is answered by looking for the pin, whose key no other run can have. */
async function findOutStart(
  pinned: PinnedHost,
  ops: readonly StoreOp[],
  claimAt: number,
): Promise<Committed> {
  try {
    return await lookForStart(pinned, ops, claimAt);
  } catch (cause) {
    throw unconfirmed(cause);
  }
}

async function lookForStart(
  pinned: PinnedHost,
  ops: readonly StoreOp[],
  claimAt: number,
): Promise<Committed> {
  for (let tries = 1; tries < attempts; tries++) {
    const landed = await findLanded(pinned, ops, claimAt);
    if (landed !== null) return landed;
    const said = committed(await commitNoted(pinned, ops), claimAt);
    if (said === null) continue;
    // A refusal may be the doing of the commit whose reply was lost.
    return (said.kind === "accepted" ? null : await findLanded(pinned, ops, claimAt)) ?? said;
  }
  const landed = await findLanded(pinned, ops, claimAt);
  if (landed !== null) return landed;
  throw unconfirmed();
}

/** After a lost reply "unavailable" would say that nothing happened, and nobody knows that. */
function unconfirmed(cause?: unknown): VerdigrisError {
  const message = "the store did not confirm the start: if it was accepted, it expires unused";
  return new VerdigrisError("store-indeterminate", message, {}, { cause });
}

async function findLanded(
  pinned: PinnedHost,
  ops: readonly StoreOp[],
  claimAt: number,
): Promise<Committed | null> {
  const { entries } = await pinned.store.get([ops[1]?.key ?? ""]);
  const found = entries[0] ?? null;
  if (found === null) return null;
  const put = ops[1];
  // Taken up by the next delivery of the same id before this look: that owner has it now, and is asked for it by the id.
  if (put?.op === "put" && found.value !== put.value)
    return { kind: "conflict", key: ops[claimAt]?.key ?? "" };
  return { kind: "accepted", rev: found.rev, claimRev: claimAt < 0 ? null : undefined };
}

interface Lineage {
  readonly parent: ParentFacts | null;
  /** True for a parent on another agent. */
  readonly foreign: boolean;
  /** Where earlier children of the same foreign root went. */
  readonly followed: Awaited<ReturnType<typeof followRoot>>;
}

const alone: Lineage = { parent: null, foreign: false, followed: null };

async function readLineage(
  agent: string,
  pinned: PinnedHost,
  options: StartOptions<never>,
  now: number,
): Promise<Lineage> {
  const parent = await readParent(pinned, options.parent, now);
  const foreign = parent !== null && parent.agent !== agent;
  return { parent, foreign, followed: foreign ? await followRoot(pinned, parent) : null };
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

/** The draft of most starts, which have all they need at hand; null where one has to ask or to look twice. */
function draftAtHand<P>(pinned: PinnedHost, options: StartOptions<P>, run: string): Draft | null {
  const snapshot = pinned.router.snapshot();
  const accepted = pinned.timeAtHand();
  if (snapshot === null || Number.isNaN(accepted)) return null;
  if (options.parent !== undefined || options.bundle !== undefined) return null;
  const choice = chooseBundle(snapshot, options, null, undefined, () =>
    pinned.router.assign(options.key ?? run, options.labels),
  );
  return { snapshot, accepted, notAfter: Number.POSITIVE_INFINITY, parent: null, choice, foreign: false };
}

async function draftStart<P>(
  host: RunHost<P>,
  pinned: PinnedHost,
  options: StartOptions<P>,
  run: string,
): Promise<Draft> {
  const atHand = pinned.timeAtHand();
  const accepted = Number.isNaN(atHand) ? await pinned.freshTime() : atHand;
  const { parent, foreign, followed } =
    options.parent === undefined ? alone : await readLineage(host.agent, pinned, options, accepted);
  const labels = options.labels ?? parent?.labels;
  const key = inheritedKey(options, parent, run);
  const { snapshot, value: choice } = await decideOn(pinned.router, (route) =>
    chooseBundle(route, options, foreign ? followed : parent, parent?.class, () =>
      pinned.router.assign(key, labels),
    ),
  );
  const notAfter = Math.min(
    parent?.deadline ?? Number.POSITIVE_INFINITY,
    followed?.deadline ?? Number.POSITIVE_INFINITY,
  );
  return { snapshot, accepted, notAfter, parent, choice, foreign };
}

async function attemptStart<P>(
  host: RunHost<P>,
  pinned: PinnedHost,
  options: StartOptions<P>,
  run: string,
): Promise<StartResult<P> | "decide-again"> {
  let draft = draftAtHand(pinned, options, run) ?? (await draftStart(host, pinned, options, run));
  const chosen = draft.choice.bundle;
  const bundle = host.pipelines.bundle(chosen) ?? (await host.bundleOf(chosen));
  const served = host.serves(bundle);
  const standing = served ? host.pipelines.take(bundle) : null;
  const lease = standing ?? (served ? await host.pipelines.acquire(bundle) : null);
  let kept = false;
  try {
    // A load may take long, and its time is not the run's.
    if (lease !== standing) draft = await draftStart(host, pinned, options, run);
    if (draft.choice.bundle !== bundle.id) return "decide-again";
    const record = draftPin(run, draft, options, lease !== null);
    const key = pinned.keys.pin(record.bundle, record.deadline, run);
    const ops = startOps(pinned, draft, record, key, options);
    const claimAt = options.id === undefined ? -1 : 2;
    const reply = await commitNoted(pinned, ops);
    const done = committed(reply, claimAt) ?? (await findOutStart(pinned, ops, claimAt));
    if (done.kind === "conflict") return await afterConflict(host, pinned, options, draft, done.key);
    if (lease === null)
      return { placed: false, bundle: bundle.id, token: formatToken(host.agent, record, done.rev) };
    kept = true;
    const pin = newPinState(record, key, done.rev, done.claimRev);
    const held = hold(host, scopeOf(host.agent, record, bundle), lease, pin);
    announce(held, draft.choice.routing);
    return { placed: true, run: held };
  } finally {
    if (!kept) lease?.release();
  }
}

/** Accepts a run; see `RunPinning.start`. */
export async function startRun<P>(
  host: RunHost<P>,
  pinned: PinnedHost,
  options: StartOptions<P>,
): Promise<StartResult<P>> {
  checkStart(options as StartOptions<never>);
  if (pinned.router.mode() === "closed") await reopen(pinned.router);
  const run = host.newId();
  for (let tries = 0; tries < attempts; tries++) {
    const result = await attemptStart(host, pinned, options, run);
    if (result !== "decide-again") return result;
    await pinned.router.refresh();
  }
  throw new VerdigrisError("route-contended", `the route of ${host.agent} kept moving: try the start again`, {
    agent: host.agent,
  });
}
