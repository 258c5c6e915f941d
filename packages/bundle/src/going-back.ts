import type { JsonObject } from "@verdigris/contracts";
import type { BundleDiff, EntryChange, Piece } from "./diff.ts";
import type { RolloutFacts } from "./rollout-facts.ts";

/** What one changed entry needs before a rollback brings its old state back. */
export interface GoingBack {
  readonly piece: Piece | "memory";
  readonly entry: string;
  /** `not-possible`: the provider has retired the old snapshot, so the old bundle cannot run. */
  readonly needs:
    | "nothing"
    | "old-processes"
    | "snapshot-served"
    | "index-kept"
    | "version-accepted"
    | "layer-parked"
    | "not-possible";
  readonly text: string;
}

type Need = Pick<GoingBack, "needs" | "text">;

/** What going back over `diff` needs, entry by entry, then for the agent's memory. */
export function goingBackFrom(diff: BundleDiff, facts: RolloutFacts): GoingBack[] {
  const lines: GoingBack[] = diff.changes.map((change) => ({
    piece: change.piece,
    entry: change.entry,
    ...needOf(change, facts),
  }));
  if (facts.memorySchemaChanges === true) {
    const text =
      "the layer of memory that the new bundle writes must be parked, and the old one still be there";
    lines.push({ piece: "memory", entry: "memory", needs: "layer-parked", text });
  }
  return lines;
}

function needOf(change: EntryChange, facts: RolloutFacts): Need {
  const { before } = change;
  if (before === null) return nothing("the old bundle does not use it");
  switch (change.piece) {
    case "code":
      if (!differs(change, "build", "guardrails")) return nothing("the build is the same");
      return { needs: "old-processes", text: "processes of the old build must still be up" };
    case "prompts":
      return nothing("the old text is kept under its digest");
    case "models":
      return modelNeed(change, before, facts.today);
    case "indexes":
      return indexNeed(change, before);
    case "tools":
      return toolNeed(change, before);
  }
}

function modelNeed(change: EntryChange, before: JsonObject, today: string | undefined): Need {
  const { snapshot, name, retires } = before;
  const old = `${String(before.provider)} ${String(snapshot ?? name)}`;
  const date = typeof retires === "string" ? retires : undefined;
  // Both are YYYY-MM-DD, where the order of text is the order of days.
  if (date !== undefined && today !== undefined && today > date) {
    return { needs: "not-possible", text: `${old} was retired after ${date}: the old bundle cannot run` };
  }
  if (!differs(change, "provider", "name", "snapshot"))
    return nothing("the old settings need no other model");
  const until = date === undefined ? "" : `, which it is until ${date}`;
  const moved = snapshot === undefined ? "; without a snapshot it may answer differently than it did" : "";
  return { needs: "snapshot-served", text: `${old} must still be served${until}${moved}` };
}

function indexNeed(change: EntryChange, before: JsonObject): Need {
  const version = String(before.version);
  if (before.kind === "live") {
    const text = `${version} was live: what it held is not kept, the old bundle reads it as it is then`;
    return { needs: "index-kept", text };
  }
  if (!differs(change, "digest", "kind", "embedding")) return nothing("the contents are the same");
  const embedding = differs(change, "embedding") ? ", and its embedding model still be served" : "";
  return { needs: "index-kept", text: `snapshot ${version} must still exist${embedding}` };
}

function toolNeed(change: EntryChange, before: JsonObject): Need {
  if (!differs(change, "version", "contract", "pinned")) return nothing("the version is the same");
  const version = String(before.version);
  return { needs: "version-accepted", text: acceptedBy(version, String(before.pinned)) };
}

function acceptedBy(version: string, pinned: string): string {
  if (pinned === "per-call") return `calls name version ${version}, which the server must still accept`;
  if (pinned === "by-service") return `the service must hold version ${version} for the old bundle again`;
  return `nobody holds version ${version}: the server answers with what it has then`;
}

function nothing(text: string): Need {
  return { needs: "nothing", text: `needs nothing: ${text}` };
}

/** A removed entry differs in all it had. */
function differs({ fields }: EntryChange, ...members: readonly string[]): boolean {
  return fields.some(({ path }) =>
    members.some((member) => path === member || path.startsWith(`${member}.`)),
  );
}
