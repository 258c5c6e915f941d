import { createHash } from "node:crypto";

/** `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;

/** The SHA-256 of the parts in order; each part is a text (as UTF-8) or bytes. */
export function sha256(...parts: readonly (string | Uint8Array)[]): Digest {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return `sha256:${hash.digest("hex")}`;
}

/** The first twelve hex digits: enough for people to tell versions apart. */
export function shortDigest(digest: Digest): string {
  return digest.slice("sha256:".length, "sha256:".length + 12);
}
