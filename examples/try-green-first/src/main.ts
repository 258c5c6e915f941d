import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { agentKeys } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { createVerdigris, defineBundle } from "verdigris";
import { createFront, type Reply } from "./front.ts";

const code = { commit: "9b1c2f0e", build: `sha256:${"0".repeat(64)}` } as const;
const blue = defineBundle({ id: "blue", code, prompts: { greeting: { version: "1", text: "Hello" } } });
const green = defineBundle({ id: "green", code, prompts: { greeting: { version: "2", text: "Welcome" } } });

const store = createMemoryStore();
const desk = createVerdigris({
  agent: "desk",
  store,
  bundle: blue,
  contents: ["Hello"],
  load: (_bundle, content) => content.prompt("greeting"),
});
await desk.register(green, { contents: ["Welcome"] });

/** Finished runs by class and bundle: what a dashboard or a bill would be made of. */
const finished = new Map<string, number>();
desk.on("run-finished", ({ scope }) => {
  const line = `${scope.class} ${scope.bundle}`;
  finished.set(line, (finished.get(line) ?? 0) + 1);
});

const front = createFront(desk, new Set(["tess"])).listen(0, "127.0.0.1");
await once(front, "listening");
const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}/`;
const ask = async (user: string, headers: Record<string, string> = {}): Promise<Reply> =>
  (await fetch(url, { headers: { "x-user": user, ...headers } })).json() as Promise<Reply>;
const bundleOf = async (user: string, headers: Record<string, string> = {}): Promise<string> =>
  (await ask(user, headers)).bundle;

const customers = Array.from({ length: 400 }, (_, number) => `customer-${number}`);
/** Who of the customers is on `bundle` now, each asked over HTTP. */
async function customersOn(bundle: string): Promise<Set<string>> {
  const on = new Set<string>();
  for (let from = 0; from < customers.length; from += 20) {
    const some = customers.slice(from, from + 20);
    const bundles = await Promise.all(some.map((customer) => bundleOf(customer)));
    for (const [i, customer] of some.entries()) if (bundles[i] === bundle) on.add(customer);
  }
  return on;
}
/** What every forward move says: why, and the generation it was decided on. */
const because = async (reason: string) => ({ reason, expect: (await desk.status()).generation });
const within = (size: number, least: number, most: number): void =>
  assert.ok(size >= least && size <= most, `${size} of ${customers.length} customers`);
const tryGreen = { "x-try-bundle": "green" };
const staff = { "x-staff": "yes" };
const acme = { "x-tenant": "acme" };

// 1. A tester goes first. Nothing is switched: green is only staged.
assert.deepEqual(await ask("tess", tryGreen), { code: "bundle-not-on-route" });
await desk.stage({ bundle: "green", ...(await because("a warmer welcome")) });
assert.deepEqual(await ask("tess", tryGreen), { bundle: "green", class: "preview", text: "Welcome" });
assert.deepEqual(await ask("tess"), { bundle: "blue", class: "live", text: "Hello" });
assert.equal(await bundleOf("mallory", tryGreen), "blue");
assert.equal((await customersOn("green")).size, 0);
assert.equal(finished.get("preview green"), 1);
assert.equal(finished.get("canary green") ?? finished.get("live green"), undefined);
const { entries } = await store.list(`${agentKeys("desk").prefix}notice/`, { limit: 10 });
const notices = entries.map(({ value }) => JSON.parse(value));
assert.deepEqual(
  notices.map((notice) => [notice.kind, notice.bundle, notice.class]),
  [["named-start", "green", "preview"]],
);
console.log("1. a tester's header goes to green: a preview, on record, outside production");

// 2. Staff first, tenant acme last: acme's own staff included.
const aimed = { include: { labels: { staff: ["yes"] } }, exclude: { labels: { tenant: ["acme"] } } };
await desk.setCanary({ percent: 0, ...aimed, ...(await because("staff first")) });
assert.deepEqual(await ask("sam", staff), { bundle: "green", class: "canary", text: "Welcome" });
assert.equal(await bundleOf("xena", { ...staff, ...acme }), "blue");
assert.equal((await customersOn("green")).size, 0);
console.log("2. staff are on green as a canary, tenant acme and every customer on blue");

// 3. A sticky share, then a larger one. Whom the canary aims at stays as it was.
await desk.setCanary({ percent: 5, ...(await because("no complaint from staff")) });
const few = await customersOn("green");
within(few.size, 1, 48);
assert.deepEqual(await customersOn("green"), few);
await desk.setCanary({ percent: 50, ...(await because("no complaint from 5 %")) });
const half = await customersOn("green");
within(half.size, 140, 260);
for (const customer of few) assert.ok(half.has(customer), `${customer} changed side`);
const [first = ""] = few;
assert.equal(await bundleOf(first, acme), "blue");
console.log(
  `3. 5 %: ${few.size} of ${customers.length}; 50 %: ${half.size}, none went back; acme is on blue`,
);

// 4. Everybody, but for a tenth that stays to be compared with. The flip ends the canary and whom it aimed at.
await desk.flip({ to: "green", holdbackPercent: 10, ...(await because("the share holds")) });
const held = await customersOn("blue");
within(held.size, 10, 80);
const [stayed = ""] = held;
assert.deepEqual(await ask(stayed, staff), { bundle: "blue", class: "live", text: "Hello" });
const free = customers.find((customer) => !held.has(customer)) ?? "";
assert.deepEqual(await ask(free, acme), { bundle: "green", class: "live", text: "Welcome" });
assert.equal((await ask("tess", { "x-try-bundle": "blue" })).class, "preview");
console.log(
  `4. flipped: ${held.size} of ${customers.length} held back on blue, everybody else on green, acme too`,
);

// 5. Settled: no holdback, and blue takes no more runs, not even by name.
await desk.settle(await because("better than the holdback"));
assert.equal((await customersOn("green")).size, customers.length);
assert.deepEqual(await ask("tess", { "x-try-bundle": "blue" }), { code: "bundle-not-on-route" });
const moves = (await desk.audit()).map(({ entry }) => entry.verb);
assert.deepEqual(moves, ["open", "stage", "setCanary", "setCanary", "setCanary", "flip", "settle"]);
console.log("5. settled: everybody is on green; seven moves on record\n");
for (const [line, runs] of [...finished].sort()) console.log(`${line.padEnd(16)} ${runs} runs`);

front.closeAllConnections();
front.close();
await desk.close();
