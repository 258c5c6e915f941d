import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeRouter, type FakeRouterOptions } from "@verdigris/testing";
import { isVerdigrisError } from "verdigris";
import { type Colleague, createRollouts, type PlatformEvent } from "./rollouts.ts";

const ada: Colleague = { name: "ada", roles: ["developer"] };
const bea: Colleague = { name: "bea", roles: ["developer", "release-manager"] };
const carl: Colleague = { name: "carl", roles: ["on-call"] };
const v1 = aBundle("v1");
const v2 = aBundle("v2");

/** The wrapper with a router that does what the test says: no database, no flags, no bus. */
async function open(context: TestContext, route: FakeRouterOptions = { live: "v1" }) {
  const router = createFakeRouter({ agent: "refunds", ...route });
  const bus: PlatformEvent[] = [];
  const flags: Record<string, string | null> = {};
  const platform = {
    router,
    store: createMemoryStore(),
    team: "payments",
    publish: (event: PlatformEvent) => bus.push(event),
    flag: (name: string) => flags[name] ?? null,
  };
  const rollouts = createRollouts(platform, "refunds", { deployed: v1, load: ({ id }) => id });
  context.after(() => rollouts.close());
  await rollouts.agent.register(v2);
  const live = () => router.snapshot()?.route.live;
  return { rollouts, bus, live, setFlag: (value: string) => (flags["payments.refunds.version"] = value) };
}

const code = (wanted: string) => (error: unknown) => isVerdigrisError(error) && error.code === wanted;

test("a version goes live once somebody else has approved it", async (context) => {
  const { rollouts, live } = await open(context);
  const proposal = await rollouts.propose(bea, "v2", "kinder answers");
  await assert.rejects(rollouts.approve(bea, proposal), /somebody else/);
  await assert.rejects(rollouts.approve(ada, proposal), code("not-authorized"));
  assert.equal(live(), "v1");
  await rollouts.approve({ ...bea, name: "dan" }, proposal);
  assert.equal(live(), "v2");
});

test("a proposal is void once the route has moved", async (context) => {
  const { rollouts, live } = await open(context);
  const proposal = await rollouts.propose(ada, "v2", "kinder answers");
  await rollouts.approve(bea, proposal);
  await rollouts.revert(carl, "too kind");
  await assert.rejects(rollouts.approve(bea, proposal), code("route-conflict"));
  assert.equal(live(), "v1");
});

test("a version nobody has registered cannot be proposed", async (context) => {
  const { rollouts } = await open(context);
  await assert.rejects(rollouts.propose(ada, "v9", "hope"), code("bundle-unknown"));
});

test("anybody may go back, whoever they are", async (context) => {
  const { rollouts, live } = await open(context, { live: "v2", stable: "v1" });
  await rollouts.revert({ name: "eve", roles: [] }, "wrong language");
  assert.equal(live(), "v1");
});

test("a flag moves the service when its value changes, and an old value undoes no rollback", async (context) => {
  const { rollouts, live, bus, setFlag } = await open(context);
  setFlag("v1");
  await rollouts.followFlag();
  setFlag("v2");
  assert.equal((await rollouts.followFlag()).answer, "moved");
  assert.equal(live(), "v2");
  await rollouts.revert(carl, "wrong language");
  await rollouts.followFlag();
  assert.equal(live(), "v1");
  const standing = { value: "v2", live: "v1", disagrees: true, answer: "moved" };
  assert.deepEqual(bus.at(-1), { topic: "rollouts.flag", service: "refunds", body: standing });
});

test("what a flag says first is no wish", async (context) => {
  const { rollouts, live, setFlag } = await open(context);
  setFlag("v2");
  await rollouts.followFlag();
  assert.equal(live(), "v1");
});
