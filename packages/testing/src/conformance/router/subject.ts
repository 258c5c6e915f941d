import type { Actor, MoveRequest, MoveResult, Route, RouteMove, Router } from "@verdigris/contracts";

/** A router of an agent that has no route yet. */
export interface RouterSubject {
  readonly router: Router;
  /** A second router of the same agent, as another process would have it. Absent where `peers` is false. */
  readonly peer?: Router;
  /** Makes a bundle id known, so that moves may name it. */
  registerBundle(id: string): void | Promise<void>;
  /** Lets so much time pass for these routers: what a fake clock is for. @default that time passes */
  pass?(ms: number): Promise<void>;
  /** Cuts `peer` off from where it reads its route, or lets it back. Needed where `nodes` is declared. */
  cutOff?(is: boolean): void | Promise<void>;
  /** Copies where routes are kept; what it resolves with puts the copy back. Needed where `losses` is declared. */
  backup?(): Promise<() => Promise<void>>;
  dispose(): void | Promise<void>;
}

/** Under test: where routers come from. */
export interface RouterConformanceOptions {
  /** What the suite is called in reports. */
  readonly name: string;
  /** False for a router that cannot be shared: checks that need a second one are then left out. @default true */
  readonly peers?: boolean;
  /** True for routers that hear of moves by themselves and keep node records: `router` and `peer` of every subject do. @default false */
  readonly nodes?: boolean;
  /** True where what a router has seen can be lost behind its back. @default false */
  readonly losses?: boolean;
  /** Makes a fresh router, each for an agent of its own or on an empty store. */
  create(): Promise<RouterSubject>;
}

/** One promise of a router: throws when `subject` breaks it. */
export interface RouterCheck {
  /** A sentence about behaviour. */
  readonly name: string;
  /** @default false */
  readonly needsPeer?: boolean;
  /** True: only where `nodes` is declared; false: only where it is not. @default either */
  readonly nodes?: boolean;
  /** Only where `losses` is declared. @default false */
  readonly losses?: boolean;
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

/** Lets time pass until `look` gives something, for at most `ms`. */
export async function within<T>(
  subject: RouterSubject,
  ms: number,
  what: string,
  look: () => T | null | Promise<T | null>,
): Promise<T> {
  const pass = subject.pass ?? ((some) => new Promise<void>((resolve) => setTimeout(resolve, some)));
  for (let passed = 0; ; passed += 100) {
    const found = await look();
    if (found !== null) return found;
    if (passed >= ms) throw new Error(`${what} did not happen within ${ms} ms`);
    await pass(100);
  }
}

/** Lets time pass until a promise is settled, for at most `ms`. */
export function settled<T>(
  subject: RouterSubject,
  ms: number,
  what: string,
  promise: Promise<T>,
): Promise<T> {
  let answer: { readonly value: Promise<T> } | null = null;
  const note = (): void => {
    answer = { value: promise };
  };
  promise.then(note, note);
  return within(subject, ms, what, () => answer).then(({ value }) => value);
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
