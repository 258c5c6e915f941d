import type { JsonValue } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { createToolRecorder, recordedCall, type TakenCall } from "../src/tool-recorder.ts";
import { createToolSandbox, type ToolPolicy } from "../src/tool-sandbox.ts";
import type { ToolFunction } from "../src/wrap-tools.ts";
import { createWorld, type Run, viewOf } from "./world.ts";

const refusal = (tool: string): JsonValue => ({ refused: tool });

function sandboxOver(recording: readonly TakenCall[], policies: Record<string, ToolPolicy> = {}) {
  return createToolSandbox({
    policy: (tool) => policies[tool] ?? "recorded",
    recording: recording.map(recordedCall),
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
  });

  it.each(["execute", "invoke", "call", "callTool", "run", "handler", "func", "_call"])(
    "are guarded as objects with `%s`, inherited or own, and by what their other members call [SHADOW-SANDBOX]",
    async (member) => {
      class Framework {
        name = "mail";
        viaMember(args: unknown): unknown {
          return (this as unknown as Record<string, ToolFunction>)[member]?.(args as never);
        }
      }
      Object.defineProperty(Framework.prototype, member, { value: forbidden, configurable: true });
      const sandbox = sandboxOver([]);
      const set = sandbox.tools({
        inherited: new Framework(),
        own: { [member]: forbidden },
        getter: {
          get [member]() {
            return forbidden;
          },
        },
      });
      for (const [name, tool] of Object.entries(set)) {
        const call = (tool as unknown as Record<string, (args: unknown) => unknown>)[member];
        expect(await call?.({ to: "ada" })).toEqual({ refused: name });
      }
      expect(set.inherited.name).toBe("mail");
      expect(await set.inherited.viaMember({ to: "ada" })).toEqual({
        refused: "inherited.viaMember",
      });
      expect(sandbox.calls).toHaveLength(4);
    },
  );

  it("are guarded in every member and every group, by the name of both, but not in what only gives form [SHADOW-SANDBOX]", async () => {
    const recording = await recorded([["group.search", { q: 1 }, "found"]]);
    const sandbox = sandboxOver(recording, { "group.now": "pure" });
    const inputSchema = { parse: (value: unknown) => value };
    const set = {
      mail: {
        execute: forbidden as ToolFunction,
        sendLater: forbidden as (args: unknown) => unknown,
        onInputAvailable: forbidden as ToolFunction,
        toModelOutput: (text: string) => `<${text}>`,
        inputSchema,
        server: new URL("https://mail.example"),
      },
      group: { search: forbidden as (args: unknown) => unknown, now: () => "now" },
    };
    const { mail, group } = sandbox.tools(set);
    expect(await mail.sendLater({ to: "ada" })).toEqual({ refused: "mail.sendLater" });
    expect(mail.onInputAvailable()).toBeUndefined();
    expect([mail.toModelOutput("a"), mail.inputSchema, mail.server]).toEqual([
      "<a>",
      inputSchema,
      set.mail.server,
    ]);
    expect([mail.inputSchema === inputSchema, mail.server === set.mail.server]).toEqual([true, true]);
    expect([await group.search({ q: 1 }), group.now()]).toEqual(["found", "now"]);
    expect(sandbox.calls.map(({ tool, answered }) => [tool, answered])).toEqual([
      ["mail.sendLater", "refused"],
      ["group.search", "recorded"],
      ["group.now", "ran"],
    ]);
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
      ["x", { a: 1 }, undefined],
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
    expect(shadow.evidence().divergence.fidelity).toMatchObject({
      blue: { recorded: 0, refused: 1 },
      green: { recorded: 0, refused: 1 },
    });
  });

  it("fail only where the user asks for them: what a set computes is not computed before [SHADOW-UNSEEN]", () => {
    const recorder = createToolRecorder();
    const set = recorder.tools({
      get broken(): () => string {
        throw new Error("no index today");
      },
      search: () => "found",
    });
    expect(set.search()).toBe("found");
    expect(() => set.broken).toThrow("no index today");
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

  it("keep an answer only whole: what JSON would lose inside it is refused in the shadow, and a date is its text", async () => {
    const recorder = createToolRecorder();
    async function* stream(): AsyncGenerator<number> {
      yield 1;
    }
    const lossy = [
      { rows: stream() },
      [new Map()],
      { a: { b: () => 1 } },
      { n: Number.NaN },
      { s: Symbol("s") },
      [1n],
    ];
    for (const [at, value] of lossy.entries())
      recorder.tool("x", ((_: unknown) => value) as never as ToolFunction)(at as never);
    const whole = { when: new Date(0), none: undefined, list: [undefined, 1], ["__proto__"]: { own: true } };
    recorder.tool("y", () => whole)();
    const sandbox = sandboxOver(recorder.recording);
    for (const at of lossy.keys()) {
      expect(await sandbox.tool("x", forbidden as (at: number) => unknown)(at)).toEqual({ refused: "x" });
    }
    const answer = await sandbox.tool("y", forbidden as () => unknown)();
    expect(answer).toEqual(
      JSON.parse('{"when":"1970-01-01T00:00:00.000Z","list":[null,1],"__proto__":{"own":true}}'),
    );
  });

  it("keep an answer as it was when it was given", async () => {
    const recorder = createToolRecorder();
    const page = { words: ["a"] };
    recorder.tool("read", () => page)();
    page.words.push("added by the agent");
    expect(await sandboxOver(recorder.recording).tool("read", forbidden as () => unknown)()).toEqual({
      words: ["a"],
    });
  });

  it("are what they were: `this`, private fields, properties, a set that is added to [SHADOW-UNSEEN]", async () => {
    const recorder = createToolRecorder();
    class Base {
      #calls = 0;
      get calls(): number {
        return this.#calls;
      }
      invoke(args: { n: number }): number {
        this.#calls += 1;
        return args.n;
      }
      named(): string {
        return `called ${this.#calls}`;
      }
    }
    class Tools {
      readonly unit = "km";
      distance({ n }: { n: number }): string {
        return `${n} ${this.unit}`;
      }
    }
    const described = Object.assign((args: { n: number }) => args.n, { description: "a number" });
    const set = recorder.tools({ base: new Base(), frozen: Object.freeze({ execute: () => 1 }), described });
    expect([set.base.invoke({ n: 2 }), set.base.calls, set.base.named()]).toEqual([2, 1, "called 1"]);
    expect(set.frozen.execute()).toBe(1);
    expect([set.described({ n: 3 }), set.described.description, set.described.length]).toEqual([
      3,
      "a number",
      1,
    ]);
    expect(Object.assign(set, { more: 1 }).more).toBe(1);
    const tools = recorder.tools(new Tools() as unknown as { distance(args: { n: number }): string });
    expect(tools.distance({ n: 5 })).toBe("5 km");
    expect(recorder.recording.map(({ tool, result }) => [tool, result])).toEqual([
      ["base", 2],
      ["base.named", "called 1"],
      ["frozen", 1],
      ["described", 3],
      ["distance", "5 km"],
    ]);
    const missing = undefined as unknown as ToolFunction;
    expect(recorder.tool("missing", missing)).toBe(missing);
    const trap = {
      // biome-ignore lint/suspicious/noThenProperty: what must not be touched.
      get then(): never {
        throw new Error("looked at");
      },
    };
    expect(recorder.tool("trap", () => trap as never)()).toBe(trap);
  });

  it("are in the sequence that is compared also where they were asked with what is no JSON [SHADOW-FIDELITY]", async () => {
    const agent: Run = async (_, session) => {
      const search = session.tool("search", (async (_: unknown) => 1) as (args: unknown) => Promise<number>);
      await search({ q: 1n });
      await search({ q: new Map() });
      await search({ q: "a" });
      return "done";
    };
    const world = createWorld(agent, agent, { baseline: { first: 0, share: 0 } });
    await world.shadow.run("q");
    await world.settle();
    expect(viewOf(world, "tools").between).toBe(0);
    expect(viewOf(world, "first-call").between).toBe(0);
    expect(world.shadow.evidence().divergence).toMatchObject({
      parted: { never: 1, first: 0, later: 0 },
      fidelity: { green: { ran: 0, recorded: 1, refused: 2 } },
    });
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
