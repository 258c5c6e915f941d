import fc from "fast-check";
import { expect, it } from "vitest";
import type { ShadowSession } from "../src/index.ts";
import type { ToolFunction } from "../src/wrap-tools.ts";
import { createWorld, type Run } from "./world.ts";

/** Ways around the members by which frameworks call a tool. */
const beside = ["sendLater", "method", "getter", "field", "group", "deep", "symbol", "computed"] as const;

const hidden = Symbol("hidden");
type Hidden = { readonly [hidden]: ToolFunction };
type Deep = { readonly a: { readonly b: { readonly execute: ToolFunction } } };

const forbidden = (): never => {
  throw new Error("not what the agent asked for");
};

class Mail {
  readonly own: ToolFunction;
  constructor(own: ToolFunction) {
    this.own = own;
  }
  execute(): never {
    return forbidden();
  }
  sendLater(args: never): unknown {
    return this.own(args);
  }
  get later(): ToolFunction {
    return this.own;
  }
}

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
      how: fc.constantFrom(
        "tool",
        "tools",
        "execute",
        "invoke",
        "inherited",
        "apply",
        "bind",
        "new",
        ...beside,
      ),
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
        invoke: () => (session.tools({ [tool]: { invoke: own } })[tool] as { invoke: ToolFunction }).invoke,
        inherited: () =>
          (session.tools({ [tool]: Object.create({ call: own }) })[tool] as { call: ToolFunction }).call,
        apply: () => ((...given: never[]) => session.tool(tool, own).apply(null, given)) as ToolFunction,
        bind: () => session.tool(tool, own).bind(null),
        sendLater: () =>
          (
            session.tools({ [tool]: { execute: forbidden, sendLater: own } })[tool] as {
              sendLater: ToolFunction;
            }
          ).sendLater,
        method: () => {
          const mail = session.tools({ [tool]: new Mail(own) })[tool] as Mail;
          return ((args: never) => mail.sendLater(args)) as ToolFunction;
        },
        getter: () => (session.tools({ [tool]: new Mail(own) })[tool] as Mail).later,
        field: () =>
          (session.tools({ [tool]: { execute: forbidden, mail: new Mail(own) } })[tool] as { mail: Mail })
            .mail.own,
        group: () => (session.tools({ [tool]: { search: own } })[tool] as { search: ToolFunction }).search,
        deep: () => (session.tools({ [tool]: { a: { b: { execute: own } } } })[tool] as Deep).a.b.execute,
        symbol: () =>
          (session.tools({ [tool]: { execute: forbidden, [hidden]: own } })[tool] as Hidden)[hidden],
        computed: () =>
          session.tools({
            get [tool]() {
              return own;
            },
          })[tool] as ToolFunction,
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
    if (at % 50 === 49) await settle();
  }
  while (shadow.status().queued + shadow.status().inFlight > 0) await settle();
  expect(shadow.status().compared, `seed ${seed}`).toBe(runs);
  expect(shadowWrites).toBe(0);
  expect(liveWrites).toBeGreaterThan(10_000);
  expect(calls).toBeGreaterThan(20_000);
}, 180_000);
