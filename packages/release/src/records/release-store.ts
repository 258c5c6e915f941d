import {
  type Actor,
  decodeRecord,
  isVerdigrisError,
  type ReleaseOutcome,
  type ReleasePhase,
  type ReleaseRecord,
  type StoreOp,
  VerdigrisError,
  type VersionedRecord,
} from "@verdigris/contracts";
import { textDigest } from "@verdigris/router";
import type { ReleaseEvent } from "../machine/events.ts";
import { transition } from "../machine/transition.ts";
import type { World } from "./world.ts";

/** `{agent}/step/{release}/{seq}`: one transition, written with the record it led to and chained by digest. */
export interface ReleaseStep extends VersionedRecord {
  readonly release: string;
  readonly seq: number;
  /** Tells a lost reply from somebody else's step. */
  readonly id: string;
  readonly event: string;
  readonly actor: Actor;
  /** Store time as its writer knew it. */
  readonly at: number;
  readonly reason: string;
  readonly from: ReleasePhase;
  readonly to: ReleasePhase;
  readonly held: boolean;
  readonly outcome: ReleaseOutcome | null;
  /** Keys of the effects it issued. */
  readonly effects: readonly string[];
  /** Digest of the step before it; null for the first. */
  readonly previous: string | null;
}

/** A release as it was read. */
export interface StoredRelease {
  readonly record: ReleaseRecord;
  readonly rev: number;
}

/** `{agent}/releasing`: which release is the agent's current or last one. */
export interface ReleasePointer extends VersionedRecord {
  readonly release: string;
}

const attempts = 6;

/** The agent's current or last release, with the revision of the record that names it; null where there was none. */
export async function loadCurrent(
  world: Pick<World, "store" | "keys">,
): Promise<{ readonly current: StoredRelease | null; readonly pointerRev: number }> {
  const { store, keys } = world;
  const pointer = (await store.get([keys.releasing])).entries[0] ?? null;
  if (pointer === null) return { current: null, pointerRev: 0 };
  const { release } = decodeRecord<ReleasePointer>(pointer.key, pointer.value);
  return { current: await loadRelease(world, release), pointerRev: pointer.rev };
}

/** One release by its id; null where there is none. */
export async function loadRelease(
  world: Pick<World, "store" | "keys">,
  id: string,
): Promise<StoredRelease | null> {
  const entry = (await world.store.get([world.keys.release(id)])).entries[0] ?? null;
  return entry === null
    ? null
    : { record: decodeRecord<ReleaseRecord>(entry.key, entry.value), rev: entry.rev };
}

function reasonOf(event: ReleaseEvent): string {
  if ("reason" in event) return event.reason ?? "";
  if ("why" in event) return event.why;
  if (event.type === "answered") return `${event.gate}: ${event.answer.verdict}`;
  return "key" in event ? event.key : "";
}

/** The commit of one transition: the record and its step, all or nothing. */
export function stepOps(
  { keys, format }: Pick<World, "keys" | "format">,
  before: { readonly record: ReleaseRecord; readonly rev: number } | null,
  next: ReleaseRecord,
  facts: Pick<ReleaseStep, "id" | "event" | "actor" | "at" | "reason"> & {
    readonly effects: readonly string[];
  },
): { readonly ops: readonly StoreOp[]; readonly record: ReleaseRecord } {
  const step: ReleaseStep = {
    v: format(),
    release: next.id,
    seq: next.seq,
    ...facts,
    from: before?.record.phase ?? next.phase,
    to: next.phase,
    held: next.held !== null,
    outcome: next.outcome?.kind ?? null,
    previous: before?.record.log ?? null,
  };
  const text = JSON.stringify(step);
  const record = { ...next, v: format(), log: textDigest(text) };
  const key = keys.release(next.id);
  const ops: StoreOp[] = [
    { op: "put", key, rev: before?.rev ?? 0, value: JSON.stringify(record) },
    { op: "put", key: keys.step(next.id, next.seq), rev: 0, value: text },
  ];
  return { ops, record };
}

/** What became of an event. */
export type Applied =
  | { readonly kind: "moved" | "unchanged"; readonly stored: StoredRelease }
  | {
      readonly kind: "refused";
      readonly refusal: string;
      readonly message: string;
      readonly stored: StoredRelease;
    }
  /** Another driver has the lease: whatever this one saw, the other will see. */
  | { readonly kind: "fenced"; readonly stored: StoredRelease };

/** True when a step of that id is what the release's record came from: the reply alone was lost. */
async function hasLanded({ store, keys }: World, record: ReleaseRecord, stepId: string): Promise<boolean> {
  const entry = (await store.get([keys.step(record.id, record.seq)])).entries[0] ?? null;
  return entry !== null && decodeRecord<ReleaseStep>(entry.key, entry.value).id === stepId;
}

/** Commits once; null when somebody else was there first, or when the reply was lost and nothing had landed. */
async function tryApply(
  world: World,
  stored: StoredRelease,
  event: ReleaseEvent,
  fence: readonly StoreOp[],
): Promise<Applied | null> {
  const { store, newId } = world;
  const done = transition(stored.record, event);
  if (done.kind === "unchanged") return { kind: "unchanged", stored };
  if (done.kind === "refused") return { ...done, stored };
  const { type, actor, at } = event;
  const effects = done.effects.map(({ key }) => key);
  const id = newId();
  const facts = { id, event: type, actor, at, reason: reasonOf(event), effects };
  const { ops, record } = stepOps(world, stored, done.record, facts);
  try {
    const result = await store.commit([...ops, ...fence]);
    if (result.ok) return { kind: "moved", stored: { record, rev: result.revs[0] ?? 0 } };
    return fence.some(({ key }) => key === result.key) ? { kind: "fenced", stored } : null;
  } catch (error) {
    if (!isVerdigrisError(error, "store-indeterminate")) throw error;
    if (!(await hasLanded(world, record, id))) return null;
    const now = await loadRelease(world, record.id);
    return now === null ? null : { kind: "moved", stored: now };
  }
}

/**
 * Lets an event happen to a release: read, decide, compare-and-set, as often as others get in between. `fence` are checks
 * that must hold in the same commit. Throws `release-contended` when it loses six times, `release-unknown`.
 */
export async function applyEvent(
  world: World,
  id: string,
  event: ReleaseEvent,
  fence: readonly StoreOp[] = [],
): Promise<Applied> {
  const { agent } = world;
  for (let tries = 0; tries < attempts; tries++) {
    const stored = await loadRelease(world, id);
    if (stored === null)
      throw new VerdigrisError("release-unknown", `${agent} has no release ${id}`, { agent, release: id });
    const applied = await tryApply(world, stored, event, fence);
    if (applied !== null) return applied;
  }
  const message = `the release ${id} of ${agent} kept changing: look at it and try again`;
  throw new VerdigrisError("release-contended", message, { agent, release: id });
}
