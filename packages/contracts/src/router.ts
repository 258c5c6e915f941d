import type { BundleId, Digest } from "./bundle.ts";
import type { Unsubscribe } from "./events.ts";
import type { NodeMode, NodeView, Propagation } from "./node.ts";
import type { Actor, RefusalReason, Route, RouteMove } from "./route.ts";

/** Free-form facts about a run that a canary may aim at and a bill may group by: tenant, plan, cost centre. */
export type Labels = Readonly<Record<string, string>>;

/** Where a new run goes and why: a frozen object shared by every run with the same answer. */
export interface Assignment {
  readonly bundle: BundleId;
  readonly role: "live" | "candidate" | "stable";
  readonly class: "live" | "canary";
  readonly reason: "live" | "canary-share" | "canary-include" | "holdback";
  readonly generation: number;
}

/** One applied version of the route; frozen, swapped as a whole. */
export interface RouteSnapshot {
  readonly route: Route;
  /** Key and revision of the record: `check` these in a commit and it fails once the route has moved. */
  readonly key: string;
  readonly rev: number;
}

/** A move and what goes on record with it. */
export interface MoveRequest {
  readonly move: RouteMove;
  readonly actor: Actor;
  readonly reason: string;
  /**
   * The generation the caller decided on (0 where there is no route yet). Required for every forward move; a move
   * towards safety (`rollback`, `drop`, `hold`, `unseal`, a lower canary) honours it when given and otherwise reads, decides and retries by itself.
   */
  readonly expect?: number;
  /** Makes a retry harmless: the same id gets the first answer. @default a fresh id */
  readonly requestId?: string;
  /** Digest of the evidence the decision rests on. */
  readonly evidence?: Digest;
}

/** What became of a move. A lost race is a value that carries the route as it is now. */
export type MoveResult =
  | {
      readonly outcome: "moved" | "unchanged";
      readonly generation: number;
      readonly route: Route;
      /** Of a flip: nobody can say whether a process serves the bundle. Of `raiseFormat`: nobody says what it reads. */
      readonly unverified?: boolean;
    }
  /** `generation` is that of the first request; `route` is the current one. */
  | { readonly outcome: "duplicate"; readonly generation: number; readonly route: Route }
  | { readonly outcome: "conflict"; readonly route: Route | null }
  | {
      readonly outcome: "refused";
      readonly refusal: RefusalReason;
      readonly message: string;
      readonly route: Route | null;
      /** Of `nodes-shut-out`: the living nodes that cannot read the later format. */
      readonly nodes?: readonly NodeView[];
    };

/** Something a router noticed. */
export interface RouterEvents {
  /** A newer route was applied. */
  route: RouteSnapshot;
  /** The store answered with an older generation or another incarnation; it was not applied. */
  "store-regressed": { readonly known: RouteSnapshot; readonly found: Route | null };
  /** This process went on with a route that succeeds the one it knew, although the store lost that one. */
  reanchored: { readonly known: RouteSnapshot; readonly route: RouteSnapshot };
  /** How well this process hears of moves has changed. */
  mode: { readonly from: NodeMode; readonly to: NodeMode };
  /** A background read failed; the last route stays in force for decisions, and starts are still fenced. */
  "router-error": { readonly error: unknown };
}

/** Decides where new runs go. `FakeRouter` and the store-backed router both implement it. */
export interface Router {
  readonly agent: string;
  /** The last applied route, or null before the first read or while the agent has none. */
  snapshot(): RouteSnapshot | null;
  /**
   * Where a new run with this key goes, from one frozen snapshot, without a promise. A key never changes side while a
   * percentage grows. Throws `no-route` before there is one.
   */
  assign(key: string, labels?: Labels): Assignment;
  /** Reads the route from the store and applies it when newer. Throws `store-regressed` when the store went backwards. */
  refresh(): Promise<RouteSnapshot | null>;
  move(request: MoveRequest): Promise<MoveResult>;
  /** How well this process hears of moves; null where it reads on demand and the fence alone keeps it right. */
  mode(): NodeMode | null;
  /** Every process that keeps a node record, itself included. Rejects with `store-unavailable`. */
  nodes(): Promise<readonly NodeView[]>;
  /**
   * Resolves once every node has applied that generation or expired, in bounded time; never rejects. Costs one `list` per
   * look, at most two a second after the first few.
   */
  propagation(route: Pick<Route, "incarnation" | "generation">): Promise<Propagation>;
  on<E extends keyof RouterEvents>(event: E, fn: (payload: RouterEvents[E]) => void): Unsubscribe;
  close(): Promise<void>;
}
