import assert from "node:assert/strict";
import { test } from "node:test";
import { aBundle, createTestVerdigris, type TestVerdigris } from "@verdigris/testing";
import { handleRefund, type RefundPipeline, type RefundRequest } from "./agent.ts";

const request: RefundRequest = { ticket: "t-1", customer: "ada", text: "It arrived broken." };
const usage = { model: "fake", inputTokens: 20, outputTokens: 1, cost: null };

/** The real SDK over a store in memory, which fails on demand, and a clock that stands still. */
function openDesk(meanwhile: (desk: TestVerdigris<RefundPipeline>) => unknown = () => {}) {
  const desk: TestVerdigris<RefundPipeline> = createTestVerdigris<RefundPipeline>({
    bundles: [aBundle("kind"), aBundle("strict")],
    load: ({ id }) => ({
      decide: async () => {
        await meanwhile(desk);
        return { refund: true, usage };
      },
      pay: async ({ ticket }) => `${ticket} paid by ${id}`,
    }),
  });
  return desk;
}

const stepsOf = (desk: TestVerdigris<RefundPipeline>) =>
  desk.record.filter(({ what }) => what === "step").map(({ step, bundle }) => `${step} on ${bundle}`);

test("a run stays on its bundle when the agent is flipped in the middle of it", async () => {
  const desk = openDesk((open) => open.flip("strict"));
  await handleRefund(desk, request);
  assert.deepEqual(stepsOf(desk), ["decide on kind", "pay on kind"]);
  await handleRefund(desk, request);
  assert.deepEqual(stepsOf(desk).slice(2), ["decide on strict", "pay on strict"]);
  await desk.close();
});

test("nothing is paid after the deadline: a person takes over", async () => {
  const desk = openDesk((open) => open.expire(open.record.find(({ what }) => what === "start")?.run ?? ""));
  assert.deepEqual(await handleRefund(desk, request), { outcome: "handed-over", because: "run-expired" });
  assert.deepEqual(stepsOf(desk), ["decide on kind"]);
  await desk.close();
});

test("a person takes over while the store is away, and the desk goes on when it is back", async () => {
  const desk = openDesk();
  await desk.ready();
  desk.loseStore();
  assert.deepEqual(await handleRefund(desk, request), {
    outcome: "handed-over",
    because: "store-unavailable",
  });
  desk.restoreStore();
  assert.equal((await handleRefund(desk, request)).outcome, "paid");
  await desk.close();
});

test("a run under way needs no store: it is paid even when the store goes away", async () => {
  const desk = openDesk((open) => open.loseStore());
  assert.equal((await handleRefund(desk, request)).outcome, "paid");
  await desk.close();
});
