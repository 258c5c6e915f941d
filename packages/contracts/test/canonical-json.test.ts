import { isVerdigrisError } from "@verdigris/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../src/index.ts";

// RFC 8785, appendix B: IEEE 754 bits and the text of the number.
const numbers: readonly (readonly [string, string])[] = [
  ["0000000000000000", "0"],
  ["8000000000000000", "0"],
  ["0000000000000001", "5e-324"],
  ["8000000000000001", "-5e-324"],
  ["7fefffffffffffff", "1.7976931348623157e+308"],
  ["ffefffffffffffff", "-1.7976931348623157e+308"],
  ["4340000000000000", "9007199254740992"],
  ["c340000000000000", "-9007199254740992"],
  ["4430000000000000", "295147905179352830000"],
  ["44b52d02c7e14af5", "9.999999999999997e+22"],
  ["44b52d02c7e14af6", "1e+23"],
  ["44b52d02c7e14af7", "1.0000000000000001e+23"],
  ["444b1ae4d6e2ef4e", "999999999999999700000"],
  ["444b1ae4d6e2ef4f", "999999999999999900000"],
  ["444b1ae4d6e2ef50", "1e+21"],
  ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
  ["3eb0c6f7a0b5ed8d", "0.000001"],
  ["41b3de4355555553", "333333333.3333332"],
  ["41b3de4355555554", "333333333.33333325"],
  ["41b3de4355555555", "333333333.3333333"],
  ["41b3de4355555556", "333333333.3333334"],
  ["41b3de4355555557", "333333333.33333343"],
  ["becbf647612f3696", "-0.0000033333333333333333"],
  ["43143ff3c1cb0959", "1424953923781206.2"],
];

function fromBits(hex: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${hex}`));
  return view.getFloat64(0);
}

test.each(numbers)(
  "the number with bits %s is written as %s (RFC 8785, appendix B) [BUNDLE-DIGEST]",
  (bits, text) => {
    expect(canonicalJson(fromBits(bits))).toBe(text);
  },
);

test.each(["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])(
  "the number with bits %s is refused (RFC 8785, appendix B)",
  (bits) => expect(refusalOf(fromBits(bits))).toBe("value"),
);

test("numbers are the nearest doubles of what was written", () => {
  expect(canonicalJson(JSON.parse("[9007199254740993,1e21,1e-7,-0,4.50,1E30]"))).toBe(
    "[9007199254740992,1e+21,1e-7,0,4.5,1e+30]",
  );
});

// RFC 8785, 3.2.2 to 3.2.4: input, and the UTF-8 bytes of the output.
test("the sample of RFC 8785 comes out byte for byte [BUNDLE-DIGEST]", () => {
  const input = String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`;
  const bytes = `
    7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72
    75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 6d 62 65 72 73 22 3a
    5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31
    65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37
    5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30
    30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d`;
  const expected = bytes.trim().split(/\s+/).join("");
  expect(Buffer.from(canonicalJson(JSON.parse(input)), "utf8").toString("hex")).toBe(expected);
});

test("members are sorted by UTF-16 code units, as in the sorting sample of RFC 8785", () => {
  const input = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
  };
  expect(Object.values(JSON.parse(canonicalJson(input).replace('"1":', '"one":')) as object)).toEqual([
    "Carriage Return",
    "One",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
});

test("sorting follows no locale", () => {
  expect(canonicalJson({ sin: 4, pêche: 3, péché: 2, peach: 1 })).toBe(
    '{"peach":1,"péché":2,"pêche":3,"sin":4}',
  );
});

test("control characters are escaped in the shortest form and nothing else is", () => {
  expect(canonicalJson("\b\t\n\f\r\u000f\u007f\u0080\u2028</script>")).toBe(
    '"\\b\\t\\n\\f\\r\\u000f\u007f\u0080\u2028</script>"',
  );
});

function refusalOf(value: unknown): unknown {
  try {
    canonicalJson(value);
  } catch (error) {
    return isVerdigrisError(error, "invalid-argument") ? error.details.argument : error;
  }
  return "nothing was refused";
}

const cycle: Record<string, unknown> = { a: {} };
cycle.a = { back: cycle };
let deep: unknown = 1;
for (let level = 0; level < 100_000; level += 1) deep = [deep];
let doubling: unknown = "ten bytes.";
for (let level = 0; level < 90; level += 1) doubling = [doubling, doubling];

const refused: readonly (readonly [string, unknown, string])[] = [
  ["NaN", { t: Number.NaN }, "value.t"],
  ["infinity", [Number.NEGATIVE_INFINITY], "value.0"],
  ["an undefined member", { a: { b: undefined } }, "value.a.b"],
  ["undefined itself", undefined, "value"],
  ["a bigint", { n: 1n }, "value.n"],
  ["a function", { toJSON: () => "x" }, "value.toJSON"],
  ["a symbol", [Symbol("s")], "value.0"],
  ["a symbol key", { [Symbol("s")]: 1 }, "value"],
  ["a date, whose toJSON is not called", { at: new Date(0) }, "value.at"],
  ["a map", new Map(), "value"],
  ["a boxed string", Object("text"), "value"],
  ["a hole in a list", Object.assign(new Array(3), { 0: 1, 2: 3 }), "value"],
  ["a list with members of its own", Object.assign([1], { extra: 2 }), "value"],
  ["a lone high surrogate", { s: "a\ud83d" }, "value.s"],
  ["a lone low surrogate", "\ude00a", "value"],
  ["a lone surrogate in a key", { "\ud83d": 1 }, 'value."\\ud83d"'],
  ["a cycle", cycle, "value.a.back"],
  ["100,000 levels", deep, `value.${"0.".repeat(99)}0`],
  ["a value that doubles at each of 90 levels", doubling, "value"],
  [
    "a proxy that throws",
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("no");
        },
      },
    ),
    "value",
  ],
];

test.each(refused)("%s is refused with its place", (_, value, place) => {
  expect(refusalOf(value)).toBe(place);
});

test("one object in two places is no cycle", () => {
  const shared = { a: 1 };
  expect(canonicalJson([shared, shared])).toBe('[{"a":1},{"a":1}]');
});

test("a member called __proto__ is an ordinary member", () => {
  expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"x":2}}'))).toBe('{"__proto__":{"x":2},"b":1}');
});

test("objects without a prototype are plain", () => {
  expect(canonicalJson(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
});

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

test("the order of members never shows, and reading the text back gives the same text", () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(reversed(value))).toBe(text);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(JSON.parse(text)).toEqual(value);
    }),
  );
});
