import type { BundleId, Digest } from "./bundle.ts";

/** What happens to runs in flight at a flip: see `docs/concepts.md`. */
export type Strategy = "drain" | "pin";

/** What becomes of runs still on a bundle that was rolled back. */
export type OnRollback = "finish" | "migrate" | "cancel";

/** The promises a run start relies on. Stored in the route, so every process keeps the same ones. */
export interface RoutePolicy {
  readonly strategy: Strategy;
  /** No pin outlives acceptance by more than this. */
  readonly maxAgeMs: number;
  /** No step outlives its run's deadline by more than this. */
  readonly maxStepMs: number;
  /** An accepted run that no serving process takes up within this expires. */
  readonly placementMs: number;
  readonly onRollback: OnRollback;
}

/** Runs named outright: by key, or by the value of a label. */
export interface Audience {
  readonly keys?: readonly string[];
  readonly labels?: Readonly<Record<string, readonly string[]>>;
}

/** A sticky share of keys. `hash` names the published algorithm that places a key (see `docs/formats.md`). */
export interface Share {
  /** 0 to 100 in steps of 0.01. */
  readonly percent: number;
  readonly salt: string;
  readonly hash: 1;
}

/** Which new runs go to the candidate: `exclude` beats `include` beats `percent`. */
export interface Canary extends Share {
  readonly include: Audience;
  readonly exclude: Audience;
}

/** A bundle that lost its place: no new root runs, serves its pins to their end. */
export interface Retiring {
  readonly bundle: BundleId;
  /** Store time at which it lost its place. */
  readonly since: number;
  /** Generation of the move that retired it. */
  readonly generation: number;
  /** Its longest possible pin plus step, under the policy it took pins with. */
  readonly boundMs: number;
  /** True when a rollback took it off, so `policy.onRollback` applies to its runs. */
  readonly rolledBack: boolean;
}

/** Stops every forward move; never a rollback, a drop or a canary being lowered. */
export interface Hold {
  readonly by: Actor;
  readonly why: string;
}

/** An incarnation that a `reanchor` went on after, because its latest moves were lost. */
export interface Predecessor {
  readonly incarnation: string;
  /** The latest generation anybody knew of; processes that know a later one do not follow. */
  readonly generation: number;
  /** Digest of that generation's audit entry, to hold against an export; null where only its number was known. */
  readonly audit: Digest | null;
}

/** A move that was already made, remembered so that a retry gets the first answer. */
export interface RecentMove {
  readonly requestId: string;
  readonly verb: RouteMove["verb"];
  readonly generation: number;
}

/** The one record, per agent, that decides where new runs go. */
export interface Route {
  /** The format in force: every process writes it, whatever later one it reads, until `raiseFormat`. */
  readonly v: number;
  /** Minted when the record was created: a store that lost it cannot pass for the same one. */
  readonly incarnation: string;
  /** What this incarnation went on after, latest first; empty unless the store went backwards once. */
  readonly predecessors: readonly Predecessor[];
  /** Goes up by one with every move, rollbacks included. */
  readonly generation: number;
  readonly live: BundleId;
  readonly stable: BundleId;
  readonly candidate: BundleId | null;
  readonly retiring: readonly Retiring[];
  readonly sealed: readonly BundleId[];
  readonly canary: Canary | null;
  readonly holdback: Share | null;
  readonly policy: RoutePolicy;
  /** Pins accepted before `at` may live `boundMs` from it: what remains of a policy that allowed longer runs. */
  readonly horizon: { readonly at: number; readonly boundMs: number; readonly generation: number } | null;
  readonly held: Hold | null;
  readonly recent: readonly RecentMove[];
  /** Digest of the audit entry that the last move wrote. */
  readonly audit: Digest;
}

/** Who did something. A `person` outranks a `machine`; a `policy` is a rule people wrote down beforehand. */
export interface Actor {
  readonly kind: "person" | "machine" | "policy";
  readonly id: string;
  /** True when nobody but the caller says so; absent where the host's identity hook did. */
  readonly selfDeclared?: true;
}

/** The moves of a route, each a pure function of the route before it. */
export type RouteMove =
  | {
      readonly verb: "open";
      readonly bundle: BundleId;
      readonly policy: RoutePolicy;
      readonly incarnation: string;
    }
  | {
      readonly verb: "stage";
      readonly bundle: BundleId;
      readonly supersede?: boolean;
      readonly policy?: Partial<RoutePolicy>;
    }
  | {
      readonly verb: "setCanary";
      readonly percent: number;
      readonly include?: Audience;
      readonly exclude?: Audience;
    }
  | {
      readonly verb: "flip";
      readonly bundle: BundleId;
      readonly supersede?: boolean;
      /** Share of keys kept on the stable bundle until `settle`. @default 0 */
      readonly holdbackPercent?: number;
      readonly policy?: Partial<RoutePolicy>;
    }
  | { readonly verb: "settle" }
  | { readonly verb: "rollback" }
  | { readonly verb: "drop" }
  | { readonly verb: "seal"; readonly bundle: BundleId }
  | { readonly verb: "unseal"; readonly bundle: BundleId }
  | { readonly verb: "recycle"; readonly bundle: BundleId }
  | { readonly verb: "hold"; readonly why: string }
  | { readonly verb: "release" }
  /** Goes on after a store that went backwards; only a person or a policy decides which bundle is right. */
  | {
      readonly verb: "reanchor";
      /** Live from then on, whatever the route said that is left or lost. */
      readonly bundle: BundleId;
      /** Where a rollback goes. @default bundle */
      readonly stable?: BundleId;
      /** Fresh, as for `open`. */
      readonly incarnation: string;
      /** What to change in the policy that is left, or in the default one where none is. */
      readonly policy?: Partial<RoutePolicy>;
    }
  /** Writes records in a later format from now on: processes that cannot read it neither start nor move anything any more. */
  | {
      readonly verb: "raiseFormat";
      readonly to: number;
      /** Goes ahead although living nodes cannot read it; needs a reason. */
      readonly force?: boolean;
    };

/** Why a move was refused. */
export type RefusalReason =
  | "held"
  | "no-route"
  | "bundle-sealed"
  | "bundle-unknown"
  | "bundle-not-served"
  | "candidate-present"
  | "no-candidate"
  | "not-settled"
  | "not-retiring"
  | "not-sealed"
  | "held-by-person"
  | "on-route"
  | "already-open"
  | "not-regressed"
  | "nodes-shut-out"
  | "too-many-retiring";

/** `{agent}/audit/{generation}`: written in the same commit as the move, chained by digest. */
export interface AuditEntry {
  readonly v: number;
  readonly generation: number;
  readonly verb: RouteMove["verb"];
  readonly actor: Actor;
  readonly reason: string;
  readonly from: RouteView | null;
  readonly to: RouteView;
  readonly evidence: Digest | null;
  readonly requestId: string;
  /** Digest of the entry before this one that is stored; null for the first. */
  readonly previous: Digest | null;
  /** Of a `reanchor`: the hole in front of it. */
  readonly gap?: AuditGap;
  /** Of a forced `raiseFormat`: the nodes it shut out. */
  readonly shutOut?: readonly string[];
}

/** What a `reanchor` found missing. */
export interface AuditGap {
  /** Generation of the last entry before it that is stored; 0 for none. */
  readonly after: number;
  readonly predecessors: readonly Predecessor[];
}

/** The part of a route that an audit entry repeats. */
export type RouteView = Pick<Route, "live" | "stable" | "candidate" | "canary" | "holdback" | "held">;
