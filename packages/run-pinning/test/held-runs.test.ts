import * as fc from "fast-check";
import { expect, it } from "vitest";
import { createHeldRuns } from "../src/held-runs.ts";

interface Held {
  readonly id: string;
}

it("finds, lists and lets go of runs as a map would, few or many, in any order", async () => {
  const moves = fc.array(
    fc.record({
      id: fc.integer({ min: 0, max: 30 }).map(String),
      what: fc.constantFrom("add", "add", "remove"),
    }),
    { maxLength: 120 },
  );
  await fc.assert(
    fc.property(moves, (asked) => {
      const held = createHeldRuns<Held>();
      const model = new Map<string, Held>();
      for (const { id, what } of asked) {
        const known = model.get(id);
        if (what === "add" && known === undefined) {
          const run = { id };
          held.add(run);
          model.set(id, run);
        } else if (what === "remove" && known !== undefined) {
          held.remove({ id });
          expect(held.get(id), "another run of that id is not the one held").toBe(known);
          held.remove(known);
          model.delete(id);
        }
        expect(held.get(id)).toBe(model.get(id));
        expect(new Set(held.values())).toEqual(new Set(model.values()));
        expect(held.values()).toHaveLength(model.size);
      }
    }),
  );
});
