import { type BundleManifest, type JsonObject, type JsonValue, writeCanonical } from "@verdigris/contracts";
import { diffText } from "./diff-text.ts";

/** One of the five pieces of a bundle. */
export type Piece = "code" | "prompts" | "models" | "indexes" | "tools";

/** One value that differs; `undefined` stands for absent. */
export interface FieldChange {
  /** Dotted path inside the entry, such as `settings.temperature`; `allowFloating` for being listed there. */
  readonly path: string;
  readonly from: JsonValue | undefined;
  readonly to: JsonValue | undefined;
}

/** One entry that was added, removed or changed. The entry of the code piece is called `code`. */
export interface EntryChange {
  readonly piece: Piece;
  readonly entry: string;
  readonly kind: "added" | "removed" | "changed";
  /** The whole entry of each side, `null` where it is absent. */
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
  /** Sorted by path. */
  readonly fields: readonly FieldChange[];
}

/** What lies between two bundles. */
export interface BundleDiff {
  /** False when the five pieces are the same, whatever the ids. */
  readonly changed: boolean;
  /** The pieces with a change, in the order code, prompts, models, indexes, tools. */
  readonly pieces: readonly Piece[];
  /** Sorted by piece, then by entry name. */
  readonly changes: readonly EntryChange[];
  /** The same for people: aligned lines, digests and commits cut to 12 hex digits, control characters escaped. */
  readonly text: string;
}

type Fields = ReadonlyMap<string, JsonValue>;

/** Every difference between the five pieces of `a` and `b`, by piece and entry, as frozen data and as text. */
export function diffBundles(a: BundleManifest, b: BundleManifest): BundleDiff {
  const changes = [
    ...diffPiece("code", { code: a.code }, { code: b.code }, a, b),
    ...diffPiece("prompts", a.prompts, b.prompts, a, b),
    ...diffPiece("models", a.models, b.models, a, b),
    ...diffPiece("indexes", a.indexes, b.indexes, a, b),
    ...diffPiece("tools", a.tools, b.tools, a, b),
  ];
  const pieces = [...new Set(changes.map(({ piece }) => piece))];
  return Object.freeze({
    changed: changes.length > 0,
    pieces: Object.freeze(pieces),
    changes: Object.freeze(changes),
    text: diffText(a.id, b.id, changes),
  });
}

function diffPiece(
  piece: Piece,
  before: Readonly<Record<string, object>>,
  after: Readonly<Record<string, object>>,
  a: BundleManifest,
  b: BundleManifest,
): EntryChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((entry) => {
    const from = fieldsOf(a, piece, entry, before);
    const to = fieldsOf(b, piece, entry, after);
    const fields = diffFields(from, to);
    if (fields.length === 0) return [];
    const kind = from.size === 0 ? "added" : to.size === 0 ? "removed" : "changed";
    const sides = { before: entryOf(before, entry), after: entryOf(after, entry) };
    return [Object.freeze({ piece, entry, kind, ...sides, fields: Object.freeze(fields) })];
  });
}

function entryOf(entries: Readonly<Record<string, object>>, entry: string): JsonObject | null {
  // Interfaces have no index signature, so the compiler cannot see that an entry is JSON.
  return Object.hasOwn(entries, entry) ? (entries[entry] as JsonObject) : null;
}

function fieldsOf(
  manifest: BundleManifest,
  piece: Piece,
  entry: string,
  entries: Readonly<Record<string, object>>,
): Fields {
  const fields = new Map<string, JsonValue>();
  if (!Object.hasOwn(entries, entry)) return fields;
  collect(entries[entry] as JsonValue, "", fields);
  if (manifest.allowFloating?.includes(`${piece}.${entry}`)) fields.set("allowFloating", true);
  return fields;
}

/** Objects are taken apart, lists are one value: which element of a stop list moved helps nobody. */
function collect(value: JsonValue, path: string, into: Map<string, JsonValue>): void {
  const members =
    typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  if (members.length === 0) into.set(path, value);
  for (const [name, member] of members)
    collect(member, path === "" ? quoted(name) : `${path}.${quoted(name)}`, into);
}

/** `{ "a.b": 1 }` and `{ a: { b: 1 } }` must not share a path, or one could replace the other unseen. */
function quoted(name: string): string {
  return /^[\w:-]+$/.test(name) ? name : JSON.stringify(name);
}

function diffFields(from: Fields, to: Fields): FieldChange[] {
  const paths = [...new Set([...from.keys(), ...to.keys()])].sort();
  return paths.flatMap((path) => {
    const before = from.get(path);
    const after = to.get(path);
    if (textOf(before) === textOf(after)) return [];
    return [Object.freeze({ path, from: before, to: after })];
  });
}

function textOf(value: JsonValue | undefined): string {
  return value === undefined ? "" : writeCanonical(value);
}
