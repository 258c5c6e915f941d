import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agentKeys, announces, isId, requireId, timeKey } from "../src/index.ts";

describe("ids", () => {
  it.each(["a", "support-2026.11.23", "A:b_c.d-e", "x".repeat(128)])("takes %s", (id) => {
    expect(isId(id)).toBe(true);
    expect(requireId("bundle", id)).toBe(id);
  });

  it.each(["", "a/b", "a b", "é", "x".repeat(129), "a\n", 7, null, undefined])(
    "refuses %s, naming the argument",
    (id) => {
      expect(isId(id)).toBe(false);
      expect(() => requireId("bundle", id)).toThrow(
        expect.objectContaining({ code: "invalid-argument", details: { argument: "bundle" } }),
      );
    },
  );
});

describe("timeKey", () => {
  it("orders by bytes as it orders by time", async () => {
    const time = fc.integer({ min: 0, max: 9_999_999_999_999 });
    await fc.assert(
      fc.property(time, time, (a, b) => {
        expect(timeKey(a) < timeKey(b)).toBe(a < b);
        expect(timeKey(a)).toHaveLength(13);
      }),
    );
  });

  it("stays within thirteen digits for times beyond them", () => {
    expect(timeKey(-1)).toBe("0000000000000");
    expect(timeKey(1e20)).toBe("9999999999999");
    expect(timeKey(12.9)).toBe("0000000000012");
  });
});

describe("agentKeys", () => {
  const keys = agentKeys("support");

  it("keeps every key of an agent under one prefix", () => {
    const all = [
      keys.route,
      keys.pins,
      keys.bundle("b"),
      keys.index("docs", "1"),
      keys.pin("b", 5, "r"),
      keys.usage(5, "n", 1),
      keys.claim("c"),
      keys.moved("r"),
      keys.audit(3),
      keys.notice(1, "r"),
    ];
    expect(all.every((key) => key.startsWith("support/"))).toBe(true);
    expect(new Set(all).size).toBe(all.length);
  });

  it("sorts the pins of a bundle by deadline and keeps bundles apart, even where one id begins with another", () => {
    expect(keys.pin("b", 9, "z") < keys.pin("b", 10, "a")).toBe(true);
    expect(keys.pin("b1", 1, "r").startsWith(keys.pinsOf("b"))).toBe(false);
  });

  it("refuses an agent that could not stand in a key", () => {
    expect(() => agentKeys("a/b")).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });
});

describe("keys whose changes are not pushed", () => {
  const hex = "a".repeat(64);
  it.each(["support", "pin", "claim", "route", "node"])(
    "follow one rule for the agent %s, under any prefix",
    (agent) => {
      const keys = agentKeys(agent);
      for (const prefix of ["", "platform/", "pin/", "platform/claim/", "a/moved/b/"]) {
        const quiet = [
          keys.pin("blue", 1_760_000_000_000, "run"),
          keys.claim("job-7"),
          keys.claim("root:r"),
          keys.moved("run"),
          keys.swept(1_760_000_000_000, "run"),
          keys.notice(1_760_000_000_000, "id"),
          keys.chunk(hex, "up", 3),
        ].map((key) => prefix + key);
        const loud = [
          keys.route,
          keys.audit(7),
          keys.bundle("blue"),
          keys.index("docs", "3"),
          keys.blob(hex),
        ];
        expect(quiet.filter(announces)).toEqual([]);
        expect(loud.map((key) => prefix + key).filter((key) => !announces(key))).toEqual([]);
      }
    },
  );
});
