import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { repeatedMembers } from "../src/index.ts";

const paths = (text: string): readonly string[] => {
  JSON.parse(text);
  return repeatedMembers(text).map(({ path }) => path);
};

describe("members that stand twice", () => {
  it.each<readonly [string, readonly string[]]>([
    ['{"a":1,"a":2}', ["a"]],
    ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}', []],
    ['[{"x":1},{"x":1,"y":[0,{"z":1,"z":1}]}]', ["1.y.1.z"]],
    ['{"a":"b","b":"a","c":"{\\"a\\":1,\\"a\\":2}"}', []],
    ['{"a\\\\":1,"a\\\\\\"":2,"a\\\\":3}', ['"a\\\\"']],
    ['{"\\u0061":1,"a":2}', ["a"]],
    ['{ "a" :1 ,\n"a"\t: 2, "a":3}', ["a", "a"]],
    ['{"":1,"":2}', ['""']],
    ['{"__proto__":1,"__proto__":2,"toString":3}', ["__proto__"]],
    ['{"a":{"b":1},"b":2,"a":{"b":1}}', ["a"]],
    ['"a"', []],
    ["[]", []],
  ])("are found in %s with their paths", (text, expected) => {
    expect(paths(text)).toEqual(expected);
  });

  it("are not seen in anything that was written from a value", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => paths(JSON.stringify(value, null, 1)).length === 0));
  });

  it("are found wherever a member is put in again", () => {
    const key = fc.string({ minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.dictionary(key, fc.jsonValue(), { minKeys: 1 }), fc.nat(), (value, at) => {
        const members = Object.entries(value).map(
          ([name, member]) => `${JSON.stringify(name)}:${JSON.stringify(member)}`,
        );
        const text = `{${[...members, members[at % members.length]].join(",")}}`;
        expect(repeatedMembers(text)).toHaveLength(1);
      }),
    );
  });

  it("are listed up to a hundred", () => {
    expect(repeatedMembers(`{${'"a":1,'.repeat(500)}"b":1}`)).toHaveLength(100);
  });
});
