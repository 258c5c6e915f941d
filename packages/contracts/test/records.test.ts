import { describe, expect, it } from "vitest";
import { decodeRecord } from "../src/index.ts";

describe("decodeRecord", () => {
  it("reads a record of this major with fields it does not know [FORMAT-UNKNOWN-FIELDS]", () => {
    expect(decodeRecord("k", '{"v":1,"later":{"x":1}}')).toEqual({ v: 1, later: { x: 1 } });
  });

  it("refuses a later major with the versions on both sides [FORMAT-TOO-NEW]", () => {
    expect(() => decodeRecord("a/route", '{"v":2}')).toThrow(
      expect.objectContaining({
        code: "record-too-new",
        details: { key: "a/route", found: 2, supported: 1 },
      }),
    );
  });

  it.each(["", "{", "null", "7", '"x"', "[]", "{}", '{"v":"1"}', '{"v":0}', '{"v":1.5}', '{"v":-1}'])(
    "refuses %s as no record",
    (text) => {
      expect(() => decodeRecord("k", text)).toThrow(
        expect.objectContaining({ code: "record-corrupt", details: { key: "k" } }),
      );
    },
  );
});
