import type {
  Assignment,
  BundleId,
  Clock,
  ErrorCode,
  Hold,
  Labels,
  MoveRequest,
  MoveResult,
  NodeMode,
  NodeView,
  Propagation,
  RoutePolicy,
  Router,
  RouterEvents,
} from "@verdigris/contracts";
import { checkRequest, createEventHub } from "@verdigris/router";
import { createFakeClock } from "./fake-clock.ts";
import { assignBy, createFakeRoute, forcedAssignment } from "./fake-route.ts";
import { createFakeScript } from "./fake-script.ts";

/** Where a {@link FakeRouter} begins. */
export interface FakeRouterOptions {
  /** @default "agent" */
  readonly agent?: string;
  /** The live bundle; null for an agent without a route, which `assign` answers with `no-route`. */
  readonly live: BundleId | null;
  /** Where a rollback goes. @default the live bundle */
  readonly stable?: BundleId;
  /** @default none */
  readonly candidate?: BundleId;
  /** Percentage of keys that go to the candidate. @default no canary */
  readonly canary?: number;
  /** Percentage of keys kept on the stable bundle. @default 0 */
  readonly holdbackPercent?: number;
  /** @default not held */
  readonly held?: Hold;
  /** @default defaultPolicy */
  readonly policy?: Partial<RoutePolicy>;
  /** Ids that count as registered; a move that needs another one is refused. @default every id */
  readonly bundles?: readonly BundleId[];
  /** Stamps moves. @default a clock that stands still */
  readonly clock?: Clock;
}

/** One call of a {@link FakeRouter} and what came of it. */
export type FakeRouterCall =
  | {
      readonly call: "assign";
      readonly key: string;
      readonly labels: Labels | undefined;
      readonly answer: Assignment;
    }
  | { readonly call: "move"; readonly request: MoveRequest; readonly result: MoveResult }
  | { readonly call: "refresh" }
  /** A call that threw or rejected. */
  | { readonly call: "assign" | "move" | "refresh"; readonly error: unknown };

/**
 * A router without a store: it decides by the same pure functions as the real one, at once, in memory, and does what a
 * test tells it. Moves, refusals, `expect`, duplicates and shares are those of production.
 */
export interface FakeRouter extends Router {
  /** Every call so far, in order; `reset()` forgets them. */
  readonly calls: readonly FakeRouterCall[];
  /** Every `assign` answers this bundle, whatever the route says; null ends that. */
  force(bundle: BundleId | null): void;
  /** The next moves lose their race: they answer `conflict` with the current route. @default 1 */
  conflictNext(times?: number): void;
  /** The next call of a kind fails with `error`. @default "move" */
  failNext(error: ErrorCode | Error, call?: "assign" | "move" | "refresh"): void;
  /** How well the process hears of moves; `closed` refuses starts as in production. @default null, reading on demand */
  setMode(mode: NodeMode | null): void;
  /** What `nodes()` lists and `propagation` goes by. @default none */
  setNodes(nodes: readonly NodeView[]): void;
  /** Counts a bundle as registered from now on. */
  register(bundle: BundleId): void;
  /** Back to the beginning: the first route, no calls, nothing forced or planned. Listeners stay. */
  reset(): void;
}

interface FakeStanding {
  readonly mode: NodeMode | null;
  readonly nodes: readonly NodeView[];
}

const alone: FakeStanding = { mode: null, nodes: [] };

function propagationAmong(nodes: readonly NodeView[], generation: number): Propagation {
  const stragglers = nodes.filter((node) => node.generation < generation);
  const known = stragglers.length === 0 ? "everywhere" : "stragglers";
  const acknowledged = nodes.length - stragglers.length;
  const outcome = nodes.length === 0 ? "unverified" : known;
  return { outcome, generation, acknowledged, stragglers, elapsedMs: 0 };
}

/** Makes a router for a test. The generation counts the moves that lead to the state asked for: 1 when only `live` is given. */
export function createFakeRouter(options: FakeRouterOptions): FakeRouter {
  const { agent = "agent", clock = createFakeClock() } = options;
  const events = createEventHub<RouterEvents>((event, error) => {
    if (event !== "router-error") events.emit("router-error", { error });
  });
  const route = createFakeRoute({ ...options, agent, clock });
  const script = createFakeScript(agent);
  let forced: BundleId | null = null;
  let standing = alone;

  const decide = (request: MoveRequest): MoveResult => {
    checkRequest(request);
    script.meet("move");
    if (script.takeConflict()) return { outcome: "conflict", route: route.current()?.route ?? null };
    const { result, applied } = route.move(request);
    if (applied !== null) events.emit("route", applied);
    return result;
  };

  return {
    agent,
    calls: script.calls,
    snapshot: route.current,
    assign: (key, labels) =>
      script.record("assign", () => {
        script.meet("assign");
        const current = route.current();
        const answer =
          forced === null ? assignBy(agent, current, key, labels) : forcedAssignment(forced, current);
        return [answer, { call: "assign", key, labels, answer }];
      }),
    refresh: async () =>
      script.record("refresh", () => {
        script.meet("refresh");
        return [route.current(), { call: "refresh" }];
      }),
    move: async (request) =>
      script.record("move", () => {
        const result = decide(request);
        return [result, { call: "move", request, result }];
      }),
    mode: () => standing.mode,
    nodes: async () => standing.nodes,
    propagation: async (target) => propagationAmong(standing.nodes, target.generation),
    setMode(to) {
      const from = standing.mode;
      standing = { ...standing, mode: to };
      if (from !== null && to !== null && from !== to) events.emit("mode", { from, to });
    },
    setNodes(nodes) {
      standing = { ...standing, nodes };
    },
    on: events.on,
    async close() {
      script.close();
      events.clear();
    },
    force(bundle) {
      forced = bundle;
    },
    conflictNext: script.conflictNext,
    failNext: script.failNext,
    register: route.register,
    reset() {
      script.reset();
      forced = null;
      standing = alone;
      route.reset();
    },
  };
}
