import type { Actor, MoveRequest, MoveResult, Route, RouteMove, Router } from "@verdigris/contracts";

/** A router of an agent that has no route yet. */
export interface RouterSubject {
  readonly router: Router;
  /** A second router of the same agent, as another process would have it. Absent where `peers` is false. */
  readonly peer?: Router;
  /** Makes a bundle id known, so that moves may name it. */
  registerBundle(id: string): void | Promise<void>;
  dispose(): void | Promise<void>;
}

/** Under test: where routers come from. */
export interface RouterConformanceOptions {
  /** What the suite is called in reports. */
  readonly name: string;
  /** False for a router that cannot be shared: checks that need a second one are then left out. @default true */
  readonly peers?: boolean;
  /** Makes a fresh router, each for an agent of its own or on an empty store. */
  create(): Promise<RouterSubject>;
}

/** One promise of a router: throws when `subject` breaks it. */
export interface RouterCheck {
  /** A sentence about behaviour. */
  readonly name: string;
  /** @default false */
  readonly needsPeer?: boolean;
  run(subject: RouterSubject): Promise<void>;
}

/** The bundles every check may use. */
export const bundleIds: readonly ["blue", "green", "amber"] = ["blue", "green", "amber"];

const person: Actor = { kind: "person", id: "ana" };

/** Sends a move as a person would, at the generation this router knows unless told otherwise. */
export async function send(
  router: Router,
  move: RouteMove,
  also: Partial<Omit<MoveRequest, "move">> = {},
): Promise<MoveResult> {
  const expect = router.snapshot()?.route.generation ?? 0;
  return router.move({ move, actor: person, reason: "conformance", expect, ...also });
}

/** Sends a move that has to go through; the route after it. */
export async function mustMove(
  router: Router,
  move: RouteMove,
  also: Partial<Omit<MoveRequest, "move">> = {},
): Promise<Route> {
  const result = await send(router, move, also);
  if (result.outcome !== "moved")
    throw new Error(`${move.verb} should have moved the route: ${JSON.stringify(result)}`);
  return result.route;
}

/** Opens the route of a fresh agent with `blue`. */
export function openRoute(router: Router): Promise<Route> {
  return mustMove(router, {
    verb: "open",
    bundle: "blue",
    incarnation: "conformance-1",
    policy: {
      strategy: "pin",
      maxAgeMs: 3_600_000,
      maxStepMs: 60_000,
      placementMs: 60_000,
      onRollback: "finish",
    },
  });
}

/** Throws unless two values have the same JSON text. */
export function same(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what} should be ${wanted}, got ${got}`);
}

/** Throws unless `act` fails with an error of this code. */
export async function failsWith(code: string, act: () => unknown): Promise<void> {
  try {
    await act();
  } catch (error) {
    same("the error's code", (error as { code?: unknown }).code, code);
    return;
  }
  throw new Error(`expected an error with code ${code}, and there was none`);
}
