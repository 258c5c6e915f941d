import type { JsonValue } from "@verdigris/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ShadowSession } from "../src/index.ts";
import {
  createToolRecorder,
  createToolSandbox,
  type ToolFunction,
  type ToolPolicy,
} from "../src/tool-sandbox.ts";
import { createWorld, type Run } from "./world.ts";

const refusal = (tool: string): JsonValue => ({ refused: tool });

function sandboxOver(
  recording: ReturnType<typeof createToolRecorder>["recording"],
  policies: Record<string, ToolPolicy> = {},
) {
  return createToolSandbox({
    policy: (tool) => policies[tool] ?? "recorded",
    recording,
    admit: () => {},
    refusal,
  });
}

async function recorded(calls: readonly (readonly [string, unknown, unknown])[]) {
  const recorder = createToolRecorder();
  for (const [tool, args, result] of calls) {
    await recorder
      .tool(tool, (async () => {
        if (result instanceof Error) throw result;
        return result;
      }) as (args: unknown) => Promise<unknown>)(args)
      .catch(() => {});
  }
  return recorder.recording;
}

const forbidden = (): never => {
  throw new Error("the tool itself was called");
};

describe("a shadow run's tools", () => {
  it("answer from the live run's recording, whatever the order of arguments [SHADOW-SANDBOX]", async () => {
    const recording = await recorded([["search", { query: "ä", top: 3 }, ["a", "b"]]]);
    const sandbox = sandboxOver(recording);
    const search = sandbox.tool("search", forbidden as (args: unknown) => unknown);
    expect(await search({ top: 3, query: "ä" })).toEqual(["a", "b"]);
    expect(sandbox.calls).toEqual([{ tool: "search", args: '{"query":"ä","top":3}', answered: "recorded" }]);
  });

  it("are refused for any other call, with something the agent can read [SHADOW-SANDBOX]", async () => {
    const sandbox = sandboxOver(await recorded([["search", { query: "a" }, 1]]));
    const search = sandbox.tool("search", forbidden as (args: unknown) => unknown);
    const other = sandbox.tool("delete", forbidden as (args: unknown) => unknown);
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    for (const args of [
      { query: "b" },
      { query: "a", top: 1 },
      {},
      undefined,
      null,
      [{ query: "a" }],
      cycle,
      1n,
      "\ud800",
    ]) {
      expect(await search(args)).toEqual({ refused: "search" });
    }
    expect(await other({ query: "a" })).toEqual({ refused: "delete" });
    expect(sandbox.calls.every(({ answered }) => answered === "refused")).toBe(true);
  });

  it("give the answers of a repeated call in their order, then the last one", async () => {
    const sandbox = sandboxOver(
      await recorded([
        ["next", {}, 1],
        ["next", {}, 2],
      ]),
    );
    const next = sandbox.tool("next", forbidden as (args: unknown) => unknown);
    expect([await next({}), await next({}), await next({})]).toEqual([1, 2, 2]);
  });

  it("fail as they failed", async () => {
    const sandbox = sandboxOver(await recorded([["search", { q: 1 }, new Error("no index")]]));
    await expect(
      sandbox.tool("search", forbidden as (args: unknown) => Promise<unknown>)({ q: 1 }),
    ).rejects.toThrow("no index");
  });

  it("really run where the application says that they are pure, and nowhere else [SHADOW-SANDBOX]", async () => {
    const policies = { clock: "pure", mail: "refused" } as const;
    const recording = await recorded([
      ["clock", {}, "then"],
      ["mail", { to: "ada" }, "sent"],
    ]);
    const sandbox = sandboxOver(recording, policies);
    expect(sandbox.tool("clock", ((_: unknown) => "now") as (args: unknown) => unknown)({})).toBe("now");
    expect(await sandbox.tool("mail", forbidden as (args: unknown) => unknown)({ to: "ada" })).toEqual({
      refused: "mail",
    });
    expect(sandbox.calls.map(({ answered }) => answered)).toEqual(["ran", "refused"]);
  });

  it("are wrapped in every form agents have them", async () => {
    const recorder = createToolRecorder();
    class Mailer {
      #sent = 0;
      description = "sends mail";
      execute(_: unknown): number {
        this.#sent += 1;
        return this.#sent;
      }
    }
    const set = {
      plain: (args: { n: number }) => args.n + 1,
      mailer: new Mailer(),
      provider: { type: "provider-defined" },
    };
    const live = recorder.tools(set);
    expect(live.plain({ n: 1 })).toBe(2);
    expect(live.mailer.execute({})).toBe(1);
    expect(live.mailer.description).toBe("sends mail");
    expect(live.mailer).toBeInstanceOf(Mailer);
    const sandbox = sandboxOver(recorder.recording);
    const shadow = sandbox.tools({
      ...set,
      plain: forbidden as (args: { n: number }) => number,
      mailer: { execute: forbidden as (args: unknown) => number },
    });
    expect(await shadow.plain({ n: 1 })).toBe(2);
    expect(await shadow.mailer.execute({})).toBe(1);
    expect(shadow.provider).toBe(set.provider);
    expect(Object.isFrozen(shadow)).toBe(true);
  });

  it("do nothing more once the run was stopped", async () => {
    const stopped = new Error("stopped");
    const admit = () => {
      throw stopped;
    };
    const sandbox = createToolSandbox({ policy: () => "pure", recording: [], admit, refusal });
    expect(() => sandbox.tool("x", forbidden)()).toThrow(stopped);
    expect(sandbox.calls).toEqual([]);
  });
});

describe("a live run's tools", () => {
  it("return what they return, the very same promise included", async () => {
    const recorder = createToolRecorder();
    const promise = Promise.resolve({ a: 1 });
    expect(recorder.tool("x", () => promise)()).toBe(promise);
    const failure = new Error("no");
    expect(() =>
      recorder.tool("y", () => {
        throw failure;
      })(),
    ).toThrow(failure);
    const rejected = Promise.reject(failure);
    expect(recorder.tool("z", () => rejected)()).toBe(rejected);
    await expect(rejected).rejects.toBe(failure);
    expect(recorder.recording.map(({ tool, result, error }) => [tool, result, error])).toEqual([
      ["x", '{"a":1}', undefined],
      ["y", undefined, "Error: no"],
      ["z", undefined, "Error: no"],
    ]);
  });

  it("run once, a query that runs whenever it is awaited included", async () => {
    let ran = 0;
    const query = {
      // biome-ignore lint/suspicious/noThenProperty: query builders are such objects.
      then: (resolve: (rows: string) => void) => {
        ran += 1;
        resolve("rows");
      },
    };
    const ask: Run = async (_, session) => String(await session.tool("query", () => query as never)());
    const { shadow, settle } = createWorld(ask, ask);
    expect(await shadow.run("q")).toBe("rows");
    expect(ran).toBe(1);
    await settle();
    expect(ran).toBe(1);
    expect(shadow.evidence().divergence.fidelity).toMatchObject({ recorded: 0, refused: 2 });
  });

  it("keep their order by when they were called, not by when they answered", async () => {
    const recorder = createToolRecorder();
    let answerFirst = (_: string): void => {};
    const first = recorder.tool(
      "first",
      () =>
        new Promise<string>((resolve) => {
          answerFirst = resolve;
        }),
    )();
    await recorder.tool("second", async () => "2")();
    answerFirst("1");
    await first;
    expect(recorder.recording.map(({ tool }) => tool)).toEqual(["first", "second"]);
  });

  it("keep no answer that JSON would lose, so that a shadow run is refused it and not lied to", async () => {
    const recorder = createToolRecorder();
    async function* stream(): AsyncGenerator<number> {
      yield 1;
    }
    for (const value of [stream(), new Map([[1, 2]]), 1n, new Response("x")])
      recorder.tool("x", () => value)();
    expect(recorder.recording.every(({ result, error }) => result === undefined && error === undefined)).toBe(
      true,
    );
    expect(await sandboxOver(recorder.recording).tool("x", forbidden)()).toEqual({ refused: "x" });
  });
});

it("a tool that writes is called 0 times in 10,000 shadow runs of hostile agents [SHADOW-SANDBOX]", async () => {
  const seed = 20_261_125;
  const name = fc.oneof(
    fc.constantFrom("write", "search", "__proto__", "constructor", "toString", "wri\u200bte"),
    fc.string(),
  );
  const attack = fc.array(
    fc.record({
      tool: name,
      args: fc.oneof(fc.jsonValue(), fc.anything()),
      how: fc.constantFrom("tool", "tools", "execute", "apply", "bind", "new"),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const attacks = fc.sample(attack, { numRuns: 2_000, seed });
  let liveWrites = 0;
  let shadowWrites = 0;
  let calls = 0;
  const write = (mode: "live" | "shadow") => (): string => {
    if (mode === "live") liveWrites += 1;
    else shadowWrites += 1;
    return "written";
  };
  const strike = async (session: ShadowSession, plan: (typeof attacks)[number]): Promise<void> => {
    for (const { tool, args, how } of plan) {
      const own = write(session.mode) as ToolFunction;
      const reach: Record<string, () => ToolFunction> = {
        tool: () => session.tool(tool, own),
        tools: () => session.tools({ [tool]: own })[tool] as ToolFunction,
        execute: () =>
          (session.tools({ [tool]: { execute: own } })[tool] as { execute: ToolFunction }).execute,
        apply: () => ((...given: never[]) => session.tool(tool, own).apply(null, given)) as ToolFunction,
        bind: () => session.tool(tool, own).bind(null),
        new: () => ((...given: never[]) => Reflect.apply(session.tool(tool, own), {}, given)) as ToolFunction,
      };
      calls += 1;
      try {
        await (reach[how] as () => ToolFunction)()(args as never);
      } catch {
        // A hostile argument may throw on its way; that is the agent's own affair.
      }
    }
  };
  const runs = 10_000;
  const planOf = (at: number) => attacks[at % attacks.length] ?? [];
  const agent =
    (inShadow: number): Run =>
    async (input, session) => {
      // It asks for something else in the shadow than it did for the user, now and then for the same.
      await strike(session, planOf(session.mode === "live" ? Number(input) : Number(input) * inShadow));
      return "done";
    };
  const { shadow, settle } = createWorld(agent(7), agent(3), {
    maxQueued: runs,
    maxInFlight: 50,
    baseline: { first: 0, share: 0 },
  });
  for (let at = 0; at < runs; at += 1) {
    await shadow.run(at);
    if (at % 500 === 499) await settle();
  }
  while (shadow.status().queued + shadow.status().inFlight > 0) await settle();
  expect(shadow.status().compared, `seed ${seed}`).toBe(runs);
  expect(shadowWrites).toBe(0);
  expect(liveWrites).toBeGreaterThan(10_000);
  expect(calls).toBeGreaterThan(20_000);
}, 60_000);
