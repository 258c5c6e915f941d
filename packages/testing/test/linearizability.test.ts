import { readFileSync } from "node:fs";
import { checkLinearizability, createRouteModel, type Operation } from "@verdigris/testing/linearizability";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type RegisterAnswer,
  type RegisterInput,
  type RegisterOperation,
  registerModel,
} from "./register-model.ts";

type HistoryEvent = readonly [process: number, kind: string, ask: string, value: unknown];

interface HistoryFile {
  readonly histories: readonly {
    readonly name: string;
    readonly linearizable: boolean;
    readonly events: readonly HistoryEvent[];
  }[];
}

function readHistories(file: string | URL): HistoryFile["histories"] {
  return (JSON.parse(readFileSync(file, "utf8")) as HistoryFile).histories;
}

function inputOf(ask: string, value: unknown): RegisterInput {
  if (ask === "read") return { ask };
  if (ask === "write") return { ask, to: value as number };
  const [from, to] = value as [number, number];
  return { ask: "cas", from, to };
}

type Call = Pick<RegisterOperation, "process" | "input" | "calledAt">;

/** A failed write did not happen, a failed read and one that timed out tell nothing; an unknown answer stays open. */
function answered(call: Call, kind: string, answeredAt: number, value: unknown): RegisterOperation[] {
  const { ask } = call.input;
  if (kind === "info" || kind === "none")
    return ask === "read" ? [] : [{ ...call, answeredAt: null, output: null }];
  if (ask === "cas") return [{ ...call, answeredAt, output: { done: kind === "ok" } }];
  if (kind !== "ok") return [];
  return [{ ...call, answeredAt, output: ask === "read" ? { read: value as number | null } : {} }];
}

function operationsOf(events: readonly HistoryEvent[]): RegisterOperation[] {
  const open = new Map<number, Call>();
  const found: RegisterOperation[] = [];
  events.forEach(([process, kind, ask, value], at) => {
    if (kind === "invoke") {
      open.set(process, { process, input: inputOf(ask, value), calledAt: at });
      return;
    }
    const call = open.get(process);
    if (call === undefined) throw new Error(`an answer without a call at ${at}`);
    open.delete(process);
    found.push(...answered(call, kind, at, value));
  });
  for (const call of open.values()) found.push(...answered(call, "none", 0, null));
  return found;
}

const another = process.env.VERDIGRIS_HISTORIES;
const files = [
  new URL("./fixtures/register-histories.json", import.meta.url),
  ...(another === undefined || another === "" ? [] : [another]),
];

describe.each(files.map((file) => ({ name: String(file).replace(/^.*\//, ""), file })))(
  "the histories of $name",
  ({ file }) => {
    const histories = readHistories(file);
    it("are there, of both kinds", () => {
      expect(histories.some(({ linearizable }) => linearizable)).toBe(true);
      expect(histories.some(({ linearizable }) => !linearizable)).toBe(true);
    });

    it.each(histories)(
      "$name gets the verdict it is known to have [ROUTE-LINEARIZABLE]",
      ({ linearizable, events }) => {
        const { verdict } = checkLinearizability(registerModel, operationsOf(events));
        expect(verdict).toBe(linearizable ? "linearizable" : "not-linearizable");
      },
    );
  },
);

/** By trying every order: the definition itself, for short histories. */
function linearizableByDefinition(
  operations: readonly RegisterOperation[],
  state = registerModel.initial,
): boolean {
  const firstAnswer = Math.min(...operations.map(({ answeredAt }) => answeredAt ?? Number.POSITIVE_INFINITY));
  if (firstAnswer === Number.POSITIVE_INFINITY) return true;
  return operations.some((operation, i) => {
    if (operation.calledAt > firstAnswer) return false;
    const next = registerModel.step(state, operation.input, operation.output);
    return next !== null && linearizableByDefinition(operations.toSpliced(i, 1), next);
  });
}

const value = fc.constantFrom(null, 1, 2);
const askedAndAnswered = fc.oneof(
  fc.record({ input: fc.record({ ask: fc.constant("read" as const) }), output: fc.record({ read: value }) }),
  fc.record({ input: fc.record({ ask: fc.constant("write" as const), to: value }), output: fc.constant({}) }),
  fc.record({
    input: fc.record({ ask: fc.constant("cas" as const), from: value, to: value }),
    output: fc.record({ done: fc.boolean() }),
  }),
);
const operation: fc.Arbitrary<RegisterOperation> = fc
  .record({ asked: askedAndAnswered, calledAt: fc.nat(12), lasts: fc.nat(6), open: fc.nat(5) })
  .map(({ asked, calledAt, lasts, open }) => ({
    process: "any",
    input: asked.input,
    calledAt,
    answeredAt: open === 0 ? null : calledAt + lasts,
    output: open === 0 ? null : (asked.output as RegisterAnswer),
  }));

describe("the check", () => {
  it("agrees with the definition on short histories [ROUTE-LINEARIZABLE]", () => {
    const seen = { yes: 0, no: 0 };
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 6 }), (operations) => {
        const expected = linearizableByDefinition(operations);
        seen[expected ? "yes" : "no"]++;
        const found = checkLinearizability(registerModel, operations);
        expect(found.verdict).toBe(expected ? "linearizable" : "not-linearizable");
      }),
      { numRuns: 3_000 },
    );
    expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(300);
  });

  it("gives an order that the model accepts", () => {
    const write: RegisterOperation = {
      process: 1,
      input: { ask: "write", to: 1 },
      calledAt: 0,
      answeredAt: 9,
      output: {},
    };
    const early: RegisterOperation = {
      process: 2,
      input: { ask: "read" },
      calledAt: 1,
      answeredAt: 3,
      output: { read: 1 },
    };
    const found = checkLinearizability(registerModel, [early, write]);
    expect(found).toEqual({ verdict: "linearizable", order: [write, early] });
  });

  it("names what could not come next", () => {
    const write: RegisterOperation = {
      process: 1,
      input: { ask: "write", to: 1 },
      calledAt: 0,
      answeredAt: 1,
      output: {},
    };
    const stale: RegisterOperation = {
      process: 2,
      input: { ask: "read" },
      calledAt: 2,
      answeredAt: 3,
      output: { read: null },
    };
    const found = checkLinearizability(registerModel, [write, stale]);
    expect(found).toEqual({ verdict: "not-linearizable", order: [write], stuck: [stale] });
  });

  it("says unknown when it gives up, which is not a yes", () => {
    const found = checkLinearizability(
      registerModel,
      operationsOf(readHistories(files[0] ?? "")[1]?.events ?? []),
      { maxSteps: 3 },
    );
    expect(found).toMatchObject({ verdict: "unknown" });
  });

  it("refuses an answer before its call", () => {
    const wrong: RegisterOperation = {
      process: 1,
      input: { ask: "read" },
      calledAt: 2,
      answeredAt: 1,
      output: {},
    };
    expect(() => checkLinearizability(registerModel, [wrong])).toThrowError(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });
});

describe("the route model", () => {
  const model = createRouteModel({ generation: 1, live: "blue", stable: "blue" });
  const at = (
    calledAt: number,
    input: Parameters<typeof model.step>[1],
    output: Parameters<typeof model.step>[2],
  ): Operation<typeof input, NonNullable<typeof output>> => ({
    process: calledAt,
    input,
    calledAt,
    answeredAt: output === null ? null : calledAt + 0.5,
    output,
  });
  const flipped = at(0, { ask: "flip", to: "green", expect: 1 }, { outcome: "moved", generation: 2 });

  it("knows flips, losers, rollbacks and starts", () => {
    const history = [
      flipped,
      at(1, { ask: "start" }, { outcome: "started", bundle: "green" }),
      at(2, { ask: "flip", to: "amber", expect: 1 }, { outcome: "conflict" }),
      at(3, { ask: "rollback" }, { outcome: "moved", generation: 3 }),
      at(4, { ask: "rollback" }, { outcome: "unchanged", generation: 3 }),
      at(5, { ask: "read" }, { outcome: "read", bundle: "blue", generation: 3 }),
      at(6, { ask: "start" }, { outcome: "nothing" }),
    ];
    expect(checkLinearizability(model, history).verdict).toBe("linearizable");
  });

  it.each([
    ["a stale start", [flipped, at(1, { ask: "start" }, { outcome: "started", bundle: "blue" })]],
    [
      "a second winner",
      [flipped, at(1, { ask: "flip", to: "amber", expect: 1 }, { outcome: "moved", generation: 2 })],
    ],
    [
      "a flip done twice",
      [flipped, at(1, { ask: "read" }, { outcome: "read", bundle: "green", generation: 3 })],
    ],
    [
      "a loser on the right generation",
      [at(0, { ask: "flip", to: "amber", expect: 1 }, { outcome: "conflict" })],
    ],
    [
      "a lost acknowledged flip",
      [flipped, at(1, { ask: "rollback" }, { outcome: "unchanged", generation: 1 })],
    ],
  ] as const)("finds %s", (_, history) => {
    expect(checkLinearizability(model, history).verdict).toBe("not-linearizable");
  });

  it("lets an unanswered flip have happened, or not", () => {
    const lost = at(0, { ask: "flip", to: "green", expect: 1 }, null);
    for (const bundle of ["blue", "green"]) {
      const seen = at(1, { ask: "start" }, { outcome: "started", bundle });
      expect(checkLinearizability(model, [lost, seen]).verdict).toBe("linearizable");
    }
  });
});
