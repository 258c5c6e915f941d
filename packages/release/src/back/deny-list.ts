import {
  type Actor,
  type BundleId,
  type BundleRef,
  decodeRecord,
  isVerdigrisError,
  requireId,
  VerdigrisError,
  type VersionedRecord,
} from "@verdigris/contracts";
import { everyEntry } from "../records/every-entry.ts";
import type { World } from "../records/world.ts";

/** `{agent}/denied/{bundle}`: a bundle that must not go live again until somebody lifts it. */
export interface DeniedBundle extends VersionedRecord {
  readonly bundle: BundleRef;
  readonly by: Actor;
  readonly why: string;
  /** Store time, as its writer knew it. */
  readonly at: number;
}

type Records = Pick<World, "store" | "keys">;

/** Why a bundle must not go live, or null. One read, for deploy pipelines too. */
export async function readDenied({ store, keys }: Records, bundle: BundleId): Promise<DeniedBundle | null> {
  const entry = (await store.get([keys.denied(requireId("bundle", bundle))])).entries[0] ?? null;
  return entry === null ? null : decodeRecord<DeniedBundle>(entry.key, entry.value);
}

/** Rejects with `bundle-denied` for a bundle on the list. */
export async function requireNotDenied(
  world: Records & Pick<World, "agent">,
  bundle: BundleId,
): Promise<void> {
  const denied = await readDenied(world, bundle);
  if (denied === null) return;
  const { agent } = world;
  const { by, why } = denied;
  const message = `${bundle} is on the deny list (${why}): lift it first if that is mended, or release another bundle`;
  throw new VerdigrisError("bundle-denied", message, { agent, bundle, by, why });
}

/** Every bundle on the list. */
export async function listDenied({ store, keys }: Records): Promise<readonly DeniedBundle[]> {
  const denied: DeniedBundle[] = [];
  for await (const { key, value } of everyEntry(store, keys.denied()))
    denied.push(decodeRecord<DeniedBundle>(key, value));
  return denied;
}

/** The list as far as it can be read, and the keys of what cannot: those bundles are denied too, only nobody can say why. */
export async function readDenyList({ store, keys }: Records): Promise<{
  readonly denied: readonly DeniedBundle[];
  readonly unreadable: readonly string[];
}> {
  const denied: DeniedBundle[] = [];
  const unreadable: string[] = [];
  for await (const { key, value } of everyEntry(store, keys.denied())) {
    try {
      denied.push(decodeRecord<DeniedBundle>(key, value));
    } catch (error) {
      if (!isVerdigrisError(error)) throw error;
      unreadable.push(key);
    }
  }
  return { denied, unreadable };
}

/** Puts a bundle on the list; one that is on it stays there with its first reason. */
export async function denyBundle(
  { store, keys, format }: Pick<World, "store" | "keys" | "format">,
  denied: Omit<DeniedBundle, "v">,
): Promise<void> {
  const value = JSON.stringify({ v: format(), ...denied } satisfies DeniedBundle);
  await store.commit([{ op: "put", key: keys.denied(denied.bundle.id), rev: 0, value }]);
}

/** Takes a bundle off the list, and leaves a notice of who did and what it had been denied for; false when it was not on it. */
export async function liftBundle(
  { store, keys, format, newId }: Pick<World, "store" | "keys" | "format" | "newId">,
  bundle: BundleId,
  { actor, reason, at }: { readonly actor: Actor; readonly reason: string; readonly at: number },
): Promise<boolean> {
  const entry = (await store.get([keys.denied(requireId("bundle", bundle))])).entries[0] ?? null;
  if (entry === null) return false;
  const { by, why } = decodeRecord<DeniedBundle>(entry.key, entry.value);
  const notice = {
    v: format(),
    kind: "lifted",
    actor,
    bundle,
    reason: reason.slice(0, 500),
    denied: { by, why },
  };
  const ops = [
    { op: "del", key: entry.key, rev: entry.rev },
    { op: "put", key: keys.notice(at, newId()), rev: 0, value: JSON.stringify(notice) },
  ] as const;
  return (await store.commit(ops)).ok;
}
