import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalJson, type Digest } from "@verdigris/contracts";

/** SHA-256 over the canonical JSON (RFC 8785) of `value`. Throws `invalid-argument` for what JSON cannot hold. */
export function digestOfJson(value: unknown): Digest {
  return digestOfText(canonicalJson(value));
}

/** SHA-256 of `text` as UTF-8; only for text that is known to hold no lone surrogate. */
export function digestOfText(text: string): Digest {
  return `sha256:${bytesToHex(sha256(utf8ToBytes(text)))}`;
}
