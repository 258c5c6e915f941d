import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Actor, AuditEntry, AuditGap, Digest, Route, RouteMove, RouteView } from "@verdigris/contracts";
import type { RouteDraft } from "./route-transitions.ts";

function view(route: RouteDraft): RouteView {
  const { live, stable, candidate, canary, holdback, held } = route;
  return { live, stable, candidate, canary, holdback, held };
}

/** SHA-256 over the UTF-8 bytes of a text: what chains the entries of an audit, byte for byte as they are stored. */
export function textDigest(text: string): Digest {
  return `sha256:${bytesToHex(sha256(utf8ToBytes(text)))}`;
}

/** What goes on record with a move. */
export interface AuditFacts {
  readonly verb: RouteMove["verb"];
  readonly actor: Actor;
  readonly reason: string;
  readonly requestId: string;
  readonly evidence: Digest | null;
  /** Of a reanchor: what it found missing, with the digest of the last entry before the hole. */
  readonly gap?: AuditGap;
  readonly previous?: Digest | null;
  /** Of a forced `raiseFormat`. */
  readonly shutOut?: readonly string[];
}

/** Writes the audit entry of a move and the route that carries its digest, so that the chain cannot be cut unseen. */
export function withAudit(
  before: Route | null,
  draft: RouteDraft,
  facts: AuditFacts,
): { readonly route: Route; readonly text: string } {
  const entry: AuditEntry = {
    v: draft.v,
    generation: draft.generation,
    ...facts,
    from: before === null ? null : view(before),
    to: view(draft),
    previous: facts.previous === undefined ? (before?.audit ?? null) : facts.previous,
  };
  const text = JSON.stringify(entry);
  return { route: { ...draft, audit: textDigest(text) }, text };
}
