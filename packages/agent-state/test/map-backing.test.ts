import fc from "fast-check";
import { expect, it } from "vitest";
import { createMapBacking } from "../src/index.ts";

const key = fc
  .tuple(fc.constantFrom("layer/a/", "layer/b/", "layer/a"), fc.oneof(fc.nat(5), fc.nat(2_500)))
  .map(([prefix, n]) => `${prefix}${n}`);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("set" as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("fill" as const), from: fc.nat(2_000), count: fc.nat(1_500) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("remove" as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const), below: fc.nat(2_500) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("list" as const),
      prefix: fc.constantFrom("", "layer/a/", "layer/b/", "layer/a/1", "layer/c/", "z"),
      after: fc.option(key, { nil: undefined }),
      limit: fc.integer({ min: 1, max: 50 }),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function keysToWrite(
  one: Step,
  map: ReadonlyMap<string, string>,
): readonly { key: string; text: string | null }[] {
  switch (one.do) {
    case "set":
      return [{ key: one.key, text: one.key }];
    case "fill":
      return Array.from({ length: one.count }, (_, n) => `layer/b/${one.from + n}`).map((name) => ({
        key: name,
        text: name,
      }));
    case "remove":
      return [{ key: one.key, text: null }];
    case "clear":
      return [...map.keys()]
        .filter((name) => Number(/\d+$/.exec(name)?.[0]) < one.below)
        .map((name) => ({ key: name, text: null }));
    case "list":
      return [];
  }
}

function sortedPage(
  map: ReadonlyMap<string, string>,
  one: Step & { readonly do: "list" },
): readonly string[] {
  const { prefix, after, limit } = one;
  const under = [...map.keys()].filter(
    (name) => name.startsWith(prefix) && (after === undefined || name > after),
  );
  return under.sort().slice(0, limit);
}

it("a page of a Map's list is what sorting all of its keys would give, whatever was written in between", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const map = new Map<string, string>([["layer/a/7", "there before"]]);
      const backing = createMapBacking(map);
      for (const one of steps) {
        await backing.write(keysToWrite(one, map));
        if (one.do !== "list") continue;
        const rows = await backing.list(one.prefix, one);
        expect(rows.map((row) => row.key)).toEqual(sortedPage(map, one));
        expect(rows.every(({ key: name, text }) => map.get(name) === text)).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});

it("a key that came, went and came again is listed once", async () => {
  const backing = createMapBacking();
  const write = (text: string | null) => backing.write([{ key: "layer/a/k", text }]);
  await write("1");
  await write(null);
  expect(await backing.list("layer/", { limit: 9 })).toEqual([]);
  for (const text of ["2", null, "3"]) await write(text);
  expect(await backing.list("layer/", { limit: 9 })).toEqual([{ key: "layer/a/k", text: "3" }]);
  for (const text of [null, "4"]) await write(text);
  expect(await backing.list("layer/", { limit: 9 })).toEqual([{ key: "layer/a/k", text: "4" }]);
});
