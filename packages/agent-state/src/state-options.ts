import { type BundleId, type Clock, InvalidArgumentError, systemClock } from "@verdigris/contracts";
import type { StateBacking } from "./backing.ts";
import type { Erasable } from "./erasure.ts";
import { requireNamespace } from "./key-text.ts";

/** What `createAgentState` is made of. */
export interface AgentStateOptions {
  readonly backing: StateBacking;
  /**
   * `version`: a bundle's layer reads through to the one it goes on from. `segment`: each bundle has its own keys and sees
   * no others. @default "version"
   */
  readonly mode?: "version" | "segment";
  /** What a rollback does with a namespace: `park` what green inferred, `carry` what the user said. @default park each */
  readonly namespaces?: Readonly<Record<string, { readonly onRollback: "park" | "carry" }>>;
  /** The bundle that a bundle without a layer goes on from; asked at its first read or write. @default branch is called */
  readonly lineage?: (bundle: BundleId) => BundleId | null | Promise<BundleId | null>;
  /** What else holds values of people, and so belongs in `erase`. @default none */
  readonly erasables?: readonly Erasable[];
  /** How long a parked layer can be looked into. @default 30 days */
  readonly keepParkedMs?: number;
  /** How long the lineage is used before it is read again. @default 1,000 */
  readonly refreshMs?: number;
  /** Runs of no consequence whose writes are kept at once. @default 10,000 */
  readonly maxScratches?: number;
  /** @default the host's time */
  readonly clock?: Clock;
  /** Ids of erasures. @default crypto.randomUUID */
  readonly newId?: () => string;
}

/** The options with their defaults, and what follows from them. */
export interface StateSettings
  extends Required<Pick<AgentStateOptions, "backing" | "mode" | "erasables" | "keepParkedMs" | "refreshMs">> {
  readonly maxScratches: number;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly lineage: AgentStateOptions["lineage"];
  readonly carries: (namespace: string) => boolean;
  readonly carriesAny: boolean;
  /** How long after a change of the lineage another process may still write by the old one; 0 on a fenced backing. */
  readonly settleMs: number;
}

const dayMs = 86_400_000;
/** A call that began before the lineage moved may still be on its way. */
const callMs = 2_000;

function requirePositive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError(name, `must be a number above 0, got ${value}`);
}

function requireBacking(backing: StateBacking): StateBacking {
  if (typeof backing?.write === "function") return backing;
  const problem =
    "is required: createMapBacking(), createKeyvBacking(keyv) or createStoreBacking(store, agent)";
  throw new InvalidArgumentError("backing", problem);
}

function requireMode(mode: "version" | "segment"): "version" | "segment" {
  if (mode === "version" || mode === "segment") return mode;
  throw new InvalidArgumentError("mode", `must be "version" or "segment", got ${String(mode)}`);
}

function carriedNamespaces(namespaces: NonNullable<AgentStateOptions["namespaces"]>): ReadonlySet<string> {
  const carried = new Set<string>();
  for (const [name, namespace] of Object.entries(namespaces)) {
    requireNamespace(name);
    if (namespace?.onRollback === "carry") carried.add(name);
    else if (namespace?.onRollback !== "park") {
      throw new InvalidArgumentError(`namespaces.${name}.onRollback`, 'must be "park" or "carry"');
    }
  }
  return carried;
}

/** Checks the options; throws `invalid-argument` naming the one that is wrong. */
export function completeOptions(options: AgentStateOptions): StateSettings {
  const backing = requireBacking(options?.backing);
  const carried = carriedNamespaces(options.namespaces ?? {});
  const refreshMs = requirePositive("refreshMs", options.refreshMs ?? 1_000);
  return {
    backing,
    mode: requireMode(options.mode ?? "version"),
    erasables: options.erasables ?? [],
    keepParkedMs: requirePositive("keepParkedMs", options.keepParkedMs ?? 30 * dayMs),
    refreshMs,
    maxScratches: requirePositive("maxScratches", options.maxScratches ?? 10_000),
    clock: options.clock ?? systemClock,
    newId: options.newId ?? (() => crypto.randomUUID()),
    lineage: options.lineage,
    carries: (namespace) => carried.has(namespace),
    carriesAny: carried.size > 0,
    settleMs: backing.fenced ? 0 : refreshMs + callMs,
  };
}
