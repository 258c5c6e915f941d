import type { PinRecord, RouteSnapshot, StoreOp } from "@verdigris/contracts";
import { AcceptedPin, textOf } from "./accepted-pin.ts";
import { anchorOps, followRoot } from "./anchor.ts";
import { type Choice, chooseBundle, decideOn, inheritedKey } from "./choose-bundle.ts";
import type { PinnedHost } from "./host.ts";
import { type ParentFacts, readParent } from "./parent.ts";
import { pointerText } from "./pin-state.ts";
import type { StartOptions } from "./run-types.ts";

/** What a start is decided to be, before anything is written. */
export interface Draft {
  readonly snapshot: RouteSnapshot;
  readonly choice: Choice;
  readonly parent: ParentFacts | null;
  readonly accepted: number;
  /** No deadline may be later than that of what the run follows: its parent, its root's anchor. */
  readonly notAfter: number;
  /** True for a child of another agent's run: the first that the route places settles the bundle for the later ones. */
  readonly foreign: boolean;
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

/** The draft of most starts, which have all they need at hand; null where one has to ask or to look twice. */
export function draftAtHand(pinned: PinnedHost, options: StartOptions<never>, run: string): Draft | null {
  if (options.parent !== undefined || options.bundle !== undefined) return null;
  const snapshot = pinned.router.snapshot();
  const accepted = pinned.timeAtHand();
  if (snapshot === null || Number.isNaN(accepted)) return null;
  const choice = chooseBundle(snapshot, options, null, undefined, () =>
    pinned.router.assign(options.key ?? run, options.labels),
  );
  return { snapshot, accepted, notAfter: Number.POSITIVE_INFINITY, parent: null, choice, foreign: false };
}

/** Decides a start, with what has to be read for it. */
export async function draftStart(
  agent: string,
  pinned: PinnedHost,
  options: StartOptions<never>,
  run: string,
): Promise<Draft> {
  const atHand = pinned.timeAtHand();
  const accepted = Number.isNaN(atHand) ? await pinned.freshTime() : atHand;
  const { parent, foreign, followed } =
    options.parent === undefined ? alone : await readLineage(agent, pinned, options, accepted);
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

/** The pin that `draft` asks for; `placed` says whether a process takes the run up at once. */
export function draftPin(
  run: string,
  draft: Draft,
  options: StartOptions<never>,
  placed: boolean,
): PinRecord {
  const { snapshot, choice, parent, accepted, notAfter } = draft;
  const { v, policy, generation } = snapshot.route;
  const cap = Math.floor(Math.min(accepted + policy.maxAgeMs, notAfter));
  const asked = Math.floor(Math.min(cap, accepted + (options.maxAgeMs ?? policy.maxAgeMs)));
  const record = new AcceptedPin({
    v,
    run,
    bundle: choice.bundle,
    accepted: Math.floor(accepted),
    deadline: placed ? asked : Math.min(asked, Math.floor(accepted + policy.placementMs)),
    cap: placed ? cap : asked,
    class: choice.class,
    generation,
  });
  const key = inheritedKey(options, parent, run);
  const labels = options.labels ?? parent?.labels;
  if (placed && key === run && labels === undefined && options.id === undefined && parent === null)
    return record;
  return {
    ...record,
    ...(key === run ? {} : { key }),
    ...(labels === undefined || Object.keys(labels).length === 0 ? {} : { labels: { ...labels } }),
    ...(options.id === undefined ? {} : { claim: options.id }),
    ...(parent === null ? {} : { parent: parent.run, root: parent.root, rootDeadline: parent.rootDeadline }),
    ...(placed ? {} : { unplaced: true as const }),
  };
}

/** The ops of a start: the fence, the pin under `key`, the claim where there is one, then what else goes with it. */
export function startOps(
  { keys, notices }: PinnedHost,
  draft: Draft,
  record: PinRecord,
  key: string,
): StoreOp[] {
  const { snapshot, choice, parent } = draft;
  const ops: StoreOp[] = [
    { op: "check", key: snapshot.key, rev: snapshot.rev },
    { op: "put", key, rev: 0, value: textOf(record) },
  ];
  if (record.claim !== undefined)
    ops.push({ op: "put", key: keys.claim(record.claim), rev: 0, value: pointerText(record, key) });
  if (draft.foreign && choice.assigned !== null && parent !== null)
    ops.push(...anchorOps(keys, parent, { ...record, class: choice.assigned }, snapshot.route.policy));
  // A parent that was taken up, moved or finished since it was read may have no child on the word of an old handle.
  if (parent !== null && !draft.foreign) ops.push({ op: "check", ...parent.pin });
  const notice = choice.named ? notices.take() : null;
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
