import type { JsonValue } from "@verdigris/contracts";
import { createFakeClock, type FakeClock } from "@verdigris/testing";
import { createShadow, type Shadow, type ShadowOptions, type ShadowSession } from "../src/index.ts";

export type Run = (input: JsonValue, session: ShadowSession) => Promise<JsonValue> | JsonValue;

/** A mirror whose chance is a fixed list and whose clock stands still. */
export interface World {
  readonly clock: FakeClock;
  readonly shadow: Shadow<JsonValue, JsonValue>;
  /** Lets everything that waits happen. */
  settle(): Promise<void>;
}

export const say =
  (text: string): Run =>
  () =>
    text;

export function createWorld(
  blue: Run,
  green: Run,
  options: Partial<ShadowOptions<JsonValue, JsonValue>> = {},
): World {
  const clock = createFakeClock();
  let ids = 0;
  const shadow = createShadow<JsonValue, JsonValue>({
    agent: "docs",
    blue: { bundle: "blue", run: blue },
    green: { bundle: "green", run: green },
    sample: 1,
    clock,
    random: () => 0,
    newId: () => {
      ids += 1;
      return `shadow-${ids}`;
    },
    ...options,
  });
  return { clock, shadow, settle: () => clock.advance(1) };
}

export function viewOf(world: World, name: string) {
  const view = world.shadow.verdict().views.find((one) => one.view === name);
  if (view === undefined) throw new Error(`there is no view ${name}`);
  return view;
}

/** A run that waits to be let go. */
export function gated() {
  const gates: (() => void)[] = [];
  const run: Run = (_, session) =>
    session.mode === "live" ? "x" : new Promise<JsonValue>((resolve) => gates.push(() => resolve("x")));
  return { run, gates };
}
