import { describe, it } from "vitest";
import { type Simulation, type SimulationOptions, simulate } from "./simulation.ts";

/** One story: what it is the opposite of, where that was seen, and how it goes here. */
export interface Scenario {
  readonly name: string;
  /** Where the trap, the complaint or the wish was found. */
  readonly source: string;
  readonly options?: SimulationOptions;
  readonly story: (s: Simulation) => void;
}

/** Runs each story on a release of its own. */
export function tellAll(about: string, scenarios: readonly Scenario[]): void {
  describe(about, () => {
    it.each(scenarios)("$name ($source)", ({ options, story }) => {
      story(simulate(options ?? {}));
    });
  });
}
