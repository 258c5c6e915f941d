import type { BundleId } from "@verdigris/contracts";

/** `breaking`: a caller that relied on it fails. `additive`: there is more. `cosmetic`: the same in other words. */
export type DriftClass = "breaking" | "additive" | "cosmetic";

/** One thing that is not what the bundle was made with. */
export interface Drift {
  /** The tool's entry in the bundle, or the model's. */
  readonly entry: string;
  readonly origin: "declared" | "observed" | "served-model";
  readonly class: DriftClass;
  /** Where: `input.properties.query`, `output.total`, `result.items[].price`. Never a value. */
  readonly path: string;
  /** What has changed, in words and without values. */
  readonly change: string;
}

/** What has drifted, per bundle: filled by who looks, read by the rule `toolDrift`. */
export interface DriftBook {
  /** Replaces what one origin has to say of one entry. */
  report(bundle: BundleId, entry: string, origin: Drift["origin"], found: readonly Drift[]): void;
  of(bundle: BundleId): readonly Drift[];
}

/** Creates an empty book. */
export function createDriftBook(): DriftBook {
  const books = new Map<BundleId, Map<string, readonly Drift[]>>();
  return {
    report(bundle, entry, origin, found) {
      const book = books.get(bundle) ?? new Map<string, readonly Drift[]>();
      books.set(bundle, book);
      if (found.length === 0) book.delete(`${origin}/${entry}`);
      else book.set(`${origin}/${entry}`, found);
    },
    of: (bundle) => [...(books.get(bundle)?.values() ?? [])].flat(),
  };
}
