import { createAgentState, createStoreBacking } from "@verdigris/agent-state";
import { aBundle, createTestVerdigris } from "@verdigris/testing";
import { expect, it } from "vitest";
import { createShadow, type ShadowSession } from "../src/index.ts";

/** A whole agent: its runs pinned and billed, its memory in layers, and a candidate in its shadow. */
async function open(staged: boolean) {
  const desk = createTestVerdigris({ bundles: [aBundle("blue"), aBundle("green")] });
  await desk.ready();
  if (staged) await desk.stage({ bundle: "green", expect: 1, reason: "to be shadowed" });
  const memory = createAgentState({ backing: createStoreBacking(desk.store, "desk"), clock: desk.clock });
  await memory.branch({ bundle: "blue", from: null });
  await memory.branch({ bundle: "green", from: "blue" });
  const classes: string[] = [];
  const answer = async (question: string, session: ShadowSession) =>
    desk.run(session.start ?? { key: "ada" }, async (run) => {
      classes.push(`${run.scope.bundle} ${run.scope.class}`);
      const notes = memory.memory(run.scope, { subject: "ada" });
      await notes.set("last question", `${question}, to ${run.scope.bundle}`);
      const usage = { model: "m", inputTokens: 10, outputTokens: 1, cost: 1, currency: "USD" };
      await run.step("answer", (step) => step.usage(usage));
      session.usage(usage);
      return `${String(await notes.get("last question"))}`;
    });
  const shadow = createShadow({
    agent: "desk",
    blue: { bundle: "blue", run: answer },
    green: { bundle: "green", run: answer },
    sample: 1,
    clock: desk.clock,
  });
  return { desk, memory, shadow, classes };
}

it("shadow runs are of a class of their own in the store and on the bill, and leave the user's memory alone [SHADOW-UNSEEN]", async () => {
  const { desk, memory, shadow, classes } = await open(true);
  expect(await shadow.run("why?", { key: "ada" })).toBe("why?, to blue");
  await desk.clock.advance(1);
  await desk.clock.advance(5_000);
  expect(classes).toEqual(["blue live", "green shadow", "blue shadow"]);
  expect(shadow.evidence().divergence).toMatchObject({ compared: 1, failures: { blue: 0, green: 0 } });
  const range = { from: 0, to: desk.clock.now() + 60_000 };
  const { lines } = await desk.costs({ ...range, by: "bundle" });
  const bill = lines.map(({ key, traffic, cost }) => `${key} ${traffic} ${String(cost)}`);
  expect([...bill].sort()).toEqual(["blue production 1", "blue shadow 1", "green shadow 1"]);
  for (const bundle of ["blue", "green"]) {
    const seen = memory.memory({ bundle, run: "later", class: "live" }, { subject: "ada" });
    expect(await seen.get("last question")).toBe("why?, to blue");
  }
  await desk.close();
});

it("green has to be on the route for such a run: elsewhere its runs fail, which is seen, and not by a user", async () => {
  const { desk, shadow } = await open(false);
  expect(await shadow.run("why?", { key: "ada" })).toBe("why?, to blue");
  await desk.clock.advance(1);
  await desk.clock.advance(1);
  expect(shadow.evidence().divergence).toMatchObject({ compared: 1, failures: { blue: 0, green: 1 } });
  await desk.close();
});
