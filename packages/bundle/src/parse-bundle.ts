import { type Bundle, type BundleManifest, InvalidArgumentError } from "@verdigris/contracts";
import { checkManifest } from "./check-manifest.ts";
import { parseJsonText } from "./json-text.ts";

/** How strict {@link parseBundle} is. */
export interface ParseBundleOptions {
  /**
   * Accepts a manifest built from uncommitted changes; readers of what was registered before set it.
   * @default false
   */
  readonly allowDirty?: boolean;
}

/**
 * A checked, deeply frozen bundle from a manifest, given as data or JSON text. Nothing is added or corrected: unknown
 * members, members named twice in text and prototype names are refused, and a `digest` that comes along must match.
 *
 * Errors: `bundle-invalid` (`details.issues` lists `{ path, problem }`), `bundle-dirty`, `bundle-floating`
 * (`details.entries` lists `{ entry, problem }`), `bundle-too-large` (over 60,000 bytes of canonical JSON), and
 * `record-too-new` for a manifest of a later format.
 */
export function parseBundle(json: unknown, options: ParseBundleOptions = {}): Bundle {
  const allowDirty = options.allowDirty ?? false;
  if (typeof allowDirty !== "boolean") throw new InvalidArgumentError("allowDirty", "must be true or false");
  const data = typeof json === "string" ? parseJsonText("bundle text", json) : json;
  return checkManifest(data, { allowDirty, issues: [] });
}

/** The manifest of a bundle, frozen and without the digest: what a store record holds and what was digested. */
export function manifestOf(bundle: Bundle): BundleManifest {
  const { digest: _, ...manifest } = bundle;
  return Object.freeze(manifest);
}
