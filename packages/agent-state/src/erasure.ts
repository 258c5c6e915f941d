import { InvalidArgumentError } from "@verdigris/contracts";
import { addressOf, requireNamespace } from "./key-text.ts";
import type { ErasureRecord, LayerId } from "./lineage.ts";

/** Whose or which values to remove: at least one of the three, and a value must meet all that are given. */
export interface EraseRequest {
  readonly subject?: string;
  readonly namespace?: string;
  /** Keys that begin with this. */
  readonly prefix?: string;
}

/** Keeps values of its own about people: recordings, samples, case outputs. `erase` must be safe to repeat. */
export interface Erasable {
  /** Shown in the receipt. */
  readonly name: string;
  /** Removes what the request names and resolves with how many it removed. */
  erase(request: EraseRequest): Promise<number>;
}

/** What was removed, and where. */
export interface ErasureReceipt {
  readonly id: string;
  /** Values (and marks of deleted ones) per layer, parked layers included. */
  readonly layers: Readonly<Record<LayerId, number>>;
  /** Per {@link Erasable}, by its name. */
  readonly others: Readonly<Record<string, number>>;
  readonly total: number;
}

/** Returns the request; throws `invalid-argument` where it would name everything or nothing. */
export function requireEraseRequest(request: EraseRequest): EraseRequest {
  const { subject, namespace, prefix } = request ?? {};
  if (namespace !== undefined) requireNamespace(namespace);
  for (const [name, value] of [
    ["subject", subject],
    ["prefix", prefix],
  ] as const) {
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      throw new InvalidArgumentError(name, "must be text that is not empty");
    }
  }
  if (subject === undefined && namespace === undefined && prefix === undefined) {
    throw new InvalidArgumentError("request", "must name a subject, a namespace or a prefix of keys");
  }
  return request;
}

/** True when the row of `layer` is one that `erasure` removes. */
export function isErased(erasure: EraseRequest | ErasureRecord, layer: LayerId, row: string): boolean {
  const { namespace, subject, key } = addressOf(layer, row);
  if (erasure.namespace !== undefined && erasure.namespace !== namespace) return false;
  if (erasure.subject !== undefined && erasure.subject !== subject) return false;
  return erasure.prefix === undefined || key.startsWith(erasure.prefix);
}
