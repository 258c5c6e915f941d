import assert from "node:assert/strict";
import { createMemoryStore } from "@verdigris/store-memory";
import { defineBundle } from "verdigris";
import { type Colleague, createRollouts, type PlatformEvent } from "./rollouts.ts";

const code = { commit: "9b1c2f0e", build: `sha256:${"0".repeat(64)}` } as const;
const version = (id: string) =>
  defineBundle({ id, code, prompts: { system: { version: id, text: `You are ${id}.` } } });
const v1 = version("v1");
const v2 = version("v2");
const ada: Colleague = { name: "ada", roles: ["developer"] };
const bea: Colleague = { name: "bea", roles: ["release-manager"] };

// One store, one bus and one flag service for every team; two teams call their service by the same name.
const store = createMemoryStore();
const bus: PlatformEvent[] = [];
const flags = new Map<string, string>([["payments.refunds.version", "v1"]]);
const platform = (team: string) => ({
  store,
  team,
  publish: (event: PlatformEvent) => bus.push(event),
  flag: (name: string) => flags.get(name) ?? null,
});
const service = { deployed: v1, load: ({ id }: { readonly id: string }) => `the pipeline of ${id}` };
const payments = createRollouts(platform("payments"), "refunds", service);
const travel = createRollouts(platform("travel"), "refunds", service);
for (const team of [payments, travel]) await team.agent.register(v2);

const answeredBy = (team: typeof payments) =>
  team.agent.run({ key: "customer-7" }, (run) => run.step("answer", ({ pipeline }) => pipeline));
assert.equal(await answeredBy(payments), "the pipeline of v1");

await payments.approve(bea, await payments.propose(ada, "v2", "kinder answers"));
assert.equal(await answeredBy(payments), "the pipeline of v2");
assert.equal(await answeredBy(travel), "the pipeline of v1", "the other team's service has not moved");
console.log("payments: v2, proposed by ada, approved by bea; travel: v1");

await payments.revert(ada, "wrong language");
assert.equal(await answeredBy(payments), "the pipeline of v1");
console.log("payments: back on v1, by a developer");

await payments.followFlag();
flags.set("payments.refunds.version", "v2");
await payments.followFlag();
assert.equal(await answeredBy(payments), "the pipeline of v2");
console.log("payments: v2 again, by the flag");

const record = await payments.agent.audit();
const moves = record.map(({ entry: { verb, actor } }) => `${verb} by ${actor.id}`);
assert.deepEqual(moves, [
  "open by platform",
  "flip by bea",
  "rollback by ada",
  "flip by flag:payments.refunds.version",
]);
assert.ok(record.every(({ entry }) => entry.actor.selfDeclared === undefined));
console.log(`on record, as the platform's sign-on says it: ${moves.join(", ")}`);

const topics = new Set(bus.filter(({ service: of }) => of === "refunds").map(({ topic }) => topic));
for (const topic of ["rollouts.proposed", "rollouts.route", "rollouts.run-finished"])
  assert.ok(topics.has(topic as PlatformEvent["topic"]), topic);
await payments.close();
await travel.close();
