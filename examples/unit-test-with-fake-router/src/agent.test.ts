import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeRouter, type FakeRouter, type FakeRouterOptions } from "@verdigris/testing";
import { type Bundle, createVerdigris, defineBundle, type Verdigris } from "verdigris";
import { handleRefund, type RefundPipeline, type RefundRequest } from "./agent.ts";

const code = { commit: "9b1c2f0e", build: `sha256:${"0".repeat(64)}` } as const;
const strict = defineBundle({
  id: "strict",
  code,
  prompts: { policy: { version: "1", text: "Refund within 14 days." } },
});
const kind = defineBundle({
  id: "kind",
  code,
  prompts: { policy: { version: "2", text: "Refund within 30 days." } },
});
const request: RefundRequest = { ticket: "t-1", customer: "ada", text: "It arrived broken 20 days ago." };

/** A pipeline without a model: `kind` refunds, `strict` does not, and a receipt says who paid. */
function fakePipeline({ id }: Bundle): RefundPipeline {
  const usage = { model: "fake", inputTokens: 20, outputTokens: 1, cost: null };
  return {
    decide: async () => ({ refund: id === "kind", usage }),
    pay: async ({ ticket }) => `${ticket} paid by ${id}`,
  };
}

interface Desk {
  readonly router: FakeRouter;
  readonly verdigris: Verdigris<RefundPipeline>;
}

/** The real SDK with a router that does what the test says: no store, no model, no network. */
async function openDesk(
  route: FakeRouterOptions,
  load: (bundle: Bundle) => RefundPipeline = fakePipeline,
): Promise<Desk> {
  const router = createFakeRouter({ agent: "refund-desk", ...route });
  const verdigris = createVerdigris({ agent: "refund-desk", router, bundle: strict, load });
  await verdigris.register(kind);
  return { router, verdigris };
}

test("the bundle of the run decides", async () => {
  const { router, verdigris } = await openDesk({ live: "strict" });
  assert.deepEqual(await handleRefund(verdigris, request), { outcome: "declined", bundle: "strict" });
  router.force("kind");
  assert.deepEqual(await handleRefund(verdigris, request), {
    outcome: "paid",
    receipt: "t-1 paid by kind",
    bundle: "kind",
  });
});

test("a customer stays on one side of a canary", async () => {
  const { router, verdigris } = await openDesk({ live: "strict", candidate: "kind", canary: 50 });
  const customers = Array.from({ length: 20 }, (_, number) => `customer-${number}`);
  const ask = (customer: string) => handleRefund(verdigris, { ...request, customer });
  const first = await Promise.all(customers.map(ask));
  assert.deepEqual(await Promise.all(customers.map(ask)), first);
  assert.equal(new Set(first.map(({ outcome }) => outcome)).size, 2);
  assert.deepEqual(
    new Set(router.calls.flatMap((call) => ("key" in call ? [call.key] : []))),
    new Set(customers),
  );
});

test("who decided also pays, when a flip comes in between", async () => {
  const { verdigris } = await openDesk({ live: "kind" }, (bundle) => ({
    ...fakePipeline(bundle),
    decide: async (asked, signal) => {
      await verdigris.flip({ to: "strict", reason: "too generous", expect: 1 });
      return fakePipeline(bundle).decide(asked, signal);
    },
  }));
  const reply = await handleRefund(verdigris, request);
  assert.deepEqual(reply, { outcome: "paid", receipt: "t-1 paid by kind", bundle: "kind" });
});

test("each model call is billed to the bundle that made it", async () => {
  const { router, verdigris } = await openDesk({ live: "strict" });
  const bills: string[] = [];
  verdigris.on("usage", ({ scope, usage }) => bills.push(`${scope.bundle}: ${usage.inputTokens}`));
  await handleRefund(verdigris, request);
  router.force("kind");
  await handleRefund(verdigris, request);
  assert.deepEqual(bills, ["strict: 20", "kind: 20"]);
});

test("a person takes over when the desk has no route", async () => {
  const { verdigris } = await openDesk({ live: null });
  assert.deepEqual(await handleRefund(verdigris, request), { outcome: "handed-over", because: "no-route" });
});

test("a failing model fails the run, and the caller hears of it", async () => {
  const { verdigris } = await openDesk({ live: "strict" }, (bundle) => ({
    ...fakePipeline(bundle),
    decide: () => Promise.reject(new Error("the model is overloaded")),
  }));
  const outcomes: string[] = [];
  verdigris.on("run-finished", ({ outcome }) => outcomes.push(outcome));
  await assert.rejects(handleRefund(verdigris, request), /overloaded/);
  assert.deepEqual(outcomes, ["failed"]);
});
