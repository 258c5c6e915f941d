import type { Bundle, RoutePolicy } from "@verdigris/contracts";
import type { Run, StartOptions, Verdigris } from "verdigris";

/** What `load` gives in every check. */
export interface Loaded {
  readonly of: string;
}

/** What every check begins with. */
export interface VerdigrisSetup {
  /** `blue`, `green` and `amber`; the instance is built with `blue`, and all three are registered. */
  readonly bundles: readonly [Bundle, ...Bundle[]];
  readonly policy: Partial<RoutePolicy>;
  load(bundle: Bundle): Loaded;
}

/** An instance of an agent whose route is open on `blue`. */
export interface VerdigrisSubject {
  readonly verdigris: Verdigris<Loaded>;
  /** A second instance of the same agent, as another process would have it. Absent where `peers` is false. */
  readonly peer?: Verdigris<Loaded>;
  /** Lets time pass, in the store and for every timer. */
  advance(ms: number): Promise<void>;
  dispose(): void | Promise<void>;
}

/** Under test: where instances come from. */
export interface VerdigrisConformanceOptions {
  /** What the suite is called in reports. */
  readonly name: string;
  /** False where an agent has one process only: checks that need a second one are then left out. @default true */
  readonly peers?: boolean;
  create(setup: VerdigrisSetup): Promise<VerdigrisSubject>;
}

/** One promise of an instance: throws when the subject breaks it. */
export interface VerdigrisCheck {
  /** A sentence about behaviour. */
  readonly name: string;
  /** @default false */
  readonly needsPeer?: boolean;
  run(subject: VerdigrisSubject & { readonly peer: Verdigris<Loaded> }): Promise<void>;
}

/** Starts a run that has to be placed. */
export async function begin(
  verdigris: Verdigris<Loaded>,
  options: StartOptions<Loaded> = {},
): Promise<Run<Loaded>> {
  const started = await verdigris.start(options);
  if (!started.placed) throw new Error(`${started.bundle} should be served here`);
  return started.run;
}

/** What a move of a person says, at the generation that is in force. */
export async function facts(
  verdigris: Verdigris<Loaded>,
): Promise<{ readonly reason: string; readonly expect: number; readonly actor: string }> {
  const { generation } = await verdigris.status();
  return { reason: "conformance", expect: generation, actor: "ana" };
}

/** Flips to a bundle as a person would. */
export async function flipTo(verdigris: Verdigris<Loaded>, to: string): Promise<void> {
  const { outcome } = await verdigris.flip({ to, ...(await facts(verdigris)) });
  same("the outcome of the flip", outcome, "moved");
}

/** Throws unless two values have the same JSON text. */
export function same(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what} should be ${wanted}, got ${got}`);
}

/** Throws unless `act` fails with an error of this code; the error's details. */
export async function failsWith(code: string, act: () => unknown): Promise<Record<string, unknown>> {
  try {
    await act();
  } catch (error) {
    const { code: got, details = {} } = error as { code?: unknown; details?: Record<string, unknown> };
    same("the error's code", got, code);
    return details;
  }
  throw new Error(`expected an error with code ${code}, and there was none`);
}
