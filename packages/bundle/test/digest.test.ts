import { createHash } from "node:crypto";
import { isVerdigrisError } from "@verdigris/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf, digestOfContract, type ToolContract } from "../src/index.ts";

// FIPS 180-4 examples, and the long message of NIST's SHA test vectors.
const vectors: readonly (readonly [string, string])[] = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
];

test.each(vectors)("the published SHA-256 vectors hold, vector %# [BUNDLE-DIGEST]", (text, hex) => {
  expect(digestOf(text)).toBe(`sha256:${hex}`);
  expect(digestOf(new TextEncoder().encode(text))).toBe(`sha256:${hex}`);
});

test("text and bytes agree with the platform's own SHA-256", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(digestOf(text)).toBe(`sha256:${createHash("sha256").update(text).digest("hex")}`);
    }),
  );
});

test.each([["half a \ud83d pair"], [5], [null], [undefined], [[1, 2]], [new ArrayBuffer(4)]])(
  "%j has no digest",
  (content) => {
    expect(() => digestOf(content as unknown as string)).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  },
);

const contract: ToolContract = {
  name: "search",
  description: "Finds passages",
  inputSchema: { type: "object", properties: { query: { type: "string" } }, required: ["query"] },
};

test("a contract has one digest in any order of members, and another when anything in it changes", () => {
  const same = Object.fromEntries(Object.entries({ ...contract, outputSchema: undefined }).reverse());
  const digest = digestOfContract(contract);
  expect(digestOfContract(same as unknown as ToolContract)).toBe(digest);
  const others: ToolContract[] = [
    { ...contract, description: "Finds Passages" },
    { ...contract, outputSchema: {} },
    { ...contract, annotations: { readOnlyHint: true } },
    { ...contract, serverVersion: "1.0.0" },
    { ...contract, inputSchema: { ...contract.inputSchema, required: [] } },
  ];
  expect(new Set([digest, ...others.map(digestOfContract)]).size).toBe(6);
});

test.each([
  [{ ...contract, outputSchemas: {} }, "contract.outputSchemas"],
  [{ ...contract, name: undefined }, "contract.name"],
  [{ ...contract, description: 5 }, "contract.description"],
  [{ ...contract, inputSchema: null }, "contract.inputSchema"],
  [{ ...contract, inputSchema: { default: Number.NaN } }, "value.inputSchema.default"],
])("a contract that is none is refused with its place, case %#", (value, place) => {
  let refused: unknown;
  try {
    digestOfContract(value as unknown as ToolContract);
  } catch (error) {
    refused = isVerdigrisError(error, "invalid-argument") ? error.details.argument : error;
  }
  expect(refused).toBe(place);
});
