import { type Digest, decodeRecord, type ReleaseRecord, VerdigrisError } from "@verdigris/contracts";
import { textDigest } from "@verdigris/router";
import { everyEntry } from "./every-entry.ts";
import { loadRelease, type ReleaseStep } from "./release-store.ts";
import type { World } from "./world.ts";

type Records = Pick<World, "store" | "keys" | "agent">;

/** One transition of a release with its digest, which the next one names. */
export interface HistoryLine {
  readonly step: ReleaseStep;
  readonly digest: Digest;
}

async function* stepsOf({ store, keys }: Records, id: string): AsyncGenerator<HistoryLine> {
  for await (const { key, value } of everyEntry(store, keys.step(id)))
    yield { step: decodeRecord<ReleaseStep>(key, value), digest: textDigest(value) };
}

/**
 * Everything that ever happened to a release, oldest first, verified as it is read: every step names the digest of the one
 * before, the record that of the last. Throws `audit-tampered` for a chain that was cut or changed, `release-unknown`.
 */
export async function readHistory(world: Records, id: string): Promise<readonly HistoryLine[]> {
  const { agent } = world;
  const stored = await loadRelease(world, id);
  if (stored === null)
    throw new VerdigrisError("release-unknown", `${agent} has no release ${id}`, { agent, release: id });
  const lines: HistoryLine[] = [];
  const { record } = stored;
  for await (const line of stepsOf(world, id)) {
    // Written since the record was read.
    if (line.step.seq > record.seq) break;
    if (line.step.seq !== lines.length || line.step.previous !== (lines.at(-1)?.digest ?? null))
      throw tampered(id, lines.length);
    lines.push(line);
  }
  if (lines.length !== record.seq + 1 || record.log !== lines.at(-1)?.digest)
    throw tampered(id, lines.length);
  return lines;
}

function tampered(release: string, seq: number): VerdigrisError {
  const message = `step ${seq} of ${release} is not the one its neighbours were chained to: find out who can write to the store`;
  return new VerdigrisError("audit-tampered", message, { release, seq });
}

/** Releases of an agent, newest first. */
export async function listReleases({
  store,
  keys,
}: Pick<World, "store" | "keys">): Promise<readonly ReleaseRecord[]> {
  const found: ReleaseRecord[] = [];
  for await (const { key, value } of everyEntry(store, keys.release()))
    found.push(decodeRecord<ReleaseRecord>(key, value));
  return found.sort((a, b) => b.startedAt - a.startedAt);
}
