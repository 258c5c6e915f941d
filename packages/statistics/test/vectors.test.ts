import { describe, expect, it } from "vitest";
import { otherProcedures } from "./other-procedures.ts";
import { checks } from "./vector-checks.ts";
import { readVectors, vectorFile } from "./vector-file.ts";

const sets = readVectors();

describe(`outside numbers of ${vectorFile}`, () => {
  it("every set is computed here or named with the reason why not [STATISTICS-VECTORS]", () => {
    const known = new Set([...Object.keys(checks), ...Object.keys(otherProcedures)]);
    expect(sets.length).toBeGreaterThan(0);
    expect(sets.map(({ id }) => id).filter((id) => !known.has(id))).toEqual([]);
    expect(Object.keys(checks).filter((id) => id in otherProcedures)).toEqual([]);
  });

  it.each(sets.filter(({ id }) => id in checks))("$id, to its tolerance [STATISTICS-VECTORS]", (set) => {
    let checked = 0;
    for (const example of set.cases) checked += checks[set.id]?.(example, set) ?? 0;
    expect(checked, "figures checked").toBeGreaterThan(0);
  });
});
