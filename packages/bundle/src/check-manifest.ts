import {
  type Bundle,
  type BundleManifest,
  isId,
  isPlainObject,
  type JsonValue,
  readPlainJson,
  VerdigrisError,
  writeCanonical,
} from "@verdigris/contracts";
import { digestOf, utf8Length } from "./digest.ts";
import { type FloatingEntry, floatingEntries, isFloatingForm } from "./floating.ts";
import { type BundleIssue, invalidBundle } from "./issues.ts";
import { manifestIssues } from "./manifest-shape.ts";

/** A record of the store holds 65,536 bytes; what it adds around the manifest takes a few hundred. */
const maxManifestBytes = 60_000;
/** Room for the `digest` member that a bundle has and its manifest has not. */
const digestUnits = 100;

/** What the caller allows and already knows. */
export interface CheckOptions {
  readonly allowDirty: boolean;
  /** Problems met on the way here, reported together with those found now. */
  readonly issues: readonly BundleIssue[];
}

/** Everything a bundle must be, checked on one private copy of `data`. */
export function checkManifest(data: unknown, options: CheckOptions): Bundle {
  const read = readPlainJson(data, {
    maxUnits: maxManifestBytes + digestUnits,
    refusePrototypeKeys: true,
  });
  const name = nameOf(data);
  if (read.tooLarge) throw tooLarge(name, `more than ${maxManifestBytes}`);
  const unreadable = [...options.issues, ...read.issues];
  if (!isPlainObject(read.value)) {
    const shape = { path: "", problem: "must be an object" };
    throw invalidBundle(name, unreadable.length > 0 ? unreadable : [shape]);
  }
  refuseNewerFormat(name, read.value.v);
  const { digest: claimed, ...content } = read.value;
  // A place that could not be read was copied as null, which the shape would complain about once more.
  const reported = new Set(unreadable.map(({ path }) => path));
  const issues = [...unreadable, ...manifestIssues(content).filter(({ path }) => !reported.has(path))];
  if (issues.length > 0) throw invalidBundle(name, issues);
  // The shape is typed as this and found nothing wrong.
  const manifest = content as unknown as BundleManifest;
  const bundle = seal(name, manifest);
  if (claimed !== undefined && claimed !== bundle.digest) {
    throw invalidBundle(name, [{ path: "digest", problem: `does not match the content, ${bundle.digest}` }]);
  }
  refuseDirty(name, manifest, options.allowDirty);
  refuseFloating(name, manifest);
  return bundle;
}

function seal(name: string, manifest: BundleManifest): Bundle {
  // Interfaces have no index signature, so the compiler cannot see that a manifest is JSON; it was copied as such.
  const text = writeCanonical(manifest as unknown as JsonValue);
  const bytes = utf8Length(text);
  if (bytes > maxManifestBytes) throw tooLarge(name, String(bytes));
  return Object.freeze({ ...manifest, digest: digestOf(text) });
}

function nameOf(data: unknown): string {
  try {
    if (isPlainObject(data) && isId(data.id)) return `bundle ${data.id}`;
  } catch {
    // A getter or proxy that throws is reported by the reading of the whole.
  }
  return "bundle without an id";
}

function tooLarge(name: string, bytes: string): VerdigrisError {
  return new VerdigrisError(
    "bundle-too-large",
    `${name} has ${bytes} bytes of canonical JSON, a record holds ${maxManifestBytes}: keep texts out of it and give their digests`,
    { limit: maxManifestBytes },
  );
}

function refuseNewerFormat(name: string, v: unknown): void {
  if (typeof v !== "number" || !Number.isInteger(v) || v < 2) return;
  throw new VerdigrisError(
    "record-too-new",
    `${name} has manifest format ${v}, this process reads format 1: upgrade it before it uses the bundle`,
    { found: v, supported: 1 },
  );
}

function refuseDirty(name: string, manifest: BundleManifest, allowDirty: boolean): void {
  if (manifest.code.dirty !== true || allowDirty) return;
  throw new VerdigrisError(
    "bundle-dirty",
    `${name} was built from a tree with uncommitted changes: commit them, or set allowDirty for a trial`,
    { commit: manifest.code.commit },
  );
}

function refuseFloating(name: string, manifest: BundleManifest): void {
  const floating = floatingEntries(manifest);
  const listed = manifest.allowFloating ?? [];
  const idle = listed.flatMap((entry, index) => idleListing(manifest, floating, entry, index));
  if (idle.length > 0) throw invalidBundle(name, idle);
  const refused = floating.filter(({ entry, refused: asks }) => asks && !listed.includes(entry));
  // There is no listing for code: a branch is never what was built.
  if (isFloatingForm(manifest.code.commit)) {
    refused.unshift({ entry: "code.commit", problem: "names a branch or tag", refused: true });
  }
  if (refused.length === 0) return;
  const shown = refused.slice(0, 3).map(({ entry, problem }) => `${entry} ${problem}`);
  if (refused.length > shown.length) shown.push(`and ${refused.length - shown.length} more`);
  throw new VerdigrisError(
    "bundle-floating",
    `${name} may change under its id, for ${shown.join(", ")}: give exact versions or list the entries in allowFloating`,
    { entries: refused.map(({ entry, problem }) => ({ entry, problem })) },
  );
}

/** A listing that excuses nothing is a typing mistake or a leftover; either way somebody believes something untrue. */
function idleListing(
  manifest: BundleManifest,
  floating: readonly FloatingEntry[],
  entry: string,
  index: number,
): BundleIssue[] {
  if (floating.some((candidate) => candidate.entry === entry)) return [];
  const dot = entry.indexOf(".");
  const piece = entry.slice(0, dot);
  const known =
    (piece === "prompts" || piece === "models" || piece === "indexes" || piece === "tools") &&
    Object.hasOwn(manifest[piece], entry.slice(dot + 1));
  const problem = known ? "is pinned and needs no listing" : "names no entry of this bundle";
  return [{ path: `allowFloating.${index}`, problem: `${JSON.stringify(entry.slice(0, 140))} ${problem}` }];
}
