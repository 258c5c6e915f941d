import type { BundleId, VersionedRecord } from "@verdigris/contracts";

/** `{agent}/blob/{hex}`: there is content with this digest, and which upload holds it. */
export interface BlobRecord extends VersionedRecord {
  /** Names the chunks: `{agent}/chunk/{hex}/{upload}/{index}`. */
  readonly upload: string;
  readonly chunks: number;
  /** The bundle whose registration last relied on it. Writing it gives the header a new revision, which a clean-up under way notices. */
  readonly bundle: BundleId;
}

/** `{agent}/chunk/{hex}/{upload}/{index}`: a part of a text. */
export interface ChunkRecord extends VersionedRecord {
  readonly text: string;
}

/** UTF-16 units per chunk: escaped in the worst way (`\u0000`) they still fit one record of 64 KiB. */
export const chunkUnits = 10_000;

/** Longest content in UTF-16 units. A prompt of this size is a mistake; a data set belongs in an index. */
export const longestContent = 1_000_000;

/** The hex part of a digest. */
export function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}
