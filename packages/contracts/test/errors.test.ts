import { describe, expect, it, vi } from "vitest";
import { InvalidArgumentError, isVerdigrisError, VerdigrisError } from "../src/index.ts";

describe("isVerdigrisError", () => {
  it("knows its own errors, by code when one is named", () => {
    const error = new VerdigrisError("no-route", "there is none");
    expect(isVerdigrisError(error)).toBe(true);
    expect(isVerdigrisError(error, "no-route")).toBe(true);
    expect(isVerdigrisError(error, "closed")).toBe(false);
  });

  it("knows the errors of another installed copy, whose classes are other classes", async () => {
    vi.resetModules();
    const other = await import("../src/errors.ts");
    const error = new other.VerdigrisError("closed", "over");
    expect(error instanceof VerdigrisError).toBe(false);
    expect(isVerdigrisError(error, "closed")).toBe(true);
  });

  it.each([null, undefined, "no-route", 7, new Error("no-route"), { code: "no-route" }])(
    "does not take %s for one",
    (value) => {
      expect(isVerdigrisError(value)).toBe(false);
    },
  );
});

describe("VerdigrisError", () => {
  it("carries code, details and cause, and nothing enumerable beyond them", () => {
    const cause = new Error("underneath");
    const error = new VerdigrisError("run-expired", "too late", { run: "r1" }, { cause });
    expect(error).toMatchObject({
      code: "run-expired",
      details: { run: "r1" },
      cause,
      name: "VerdigrisError",
    });
    expect(Object.keys(error).sort()).toEqual(["code", "details", "name"]);
  });
});

describe("InvalidArgumentError", () => {
  it("is a TypeError that names the argument", () => {
    const error = new InvalidArgumentError("policy.maxAgeMs", "must be more than 0");
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: "invalid-argument", details: { argument: "policy.maxAgeMs" } });
    expect(error.message).toBe("policy.maxAgeMs must be more than 0");
    expect(isVerdigrisError(error, "invalid-argument")).toBe(true);
  });
});
