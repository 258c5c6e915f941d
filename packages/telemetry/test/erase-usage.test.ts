import { createAgentState, createStoreBacking } from "@verdigris/agent-state";
import { describe, expect, it } from "vitest";
import { eraseUsage, readCosts } from "../src/index.ts";
import { call, createLedgerWorld } from "./ledger-world.ts";

const range = { from: 0, to: 9e12 };
const ada = { subject: "ada" };

/** Ada and Bob, each in a label, over several batches. */
async function peopled(calls = 6) {
  const made = createLedgerWorld();
  const { note, ledger } = made.process();
  for (let n = 0; n < calls; n++) {
    note(call(0.1), { labels: { user: n % 2 === 0 ? "ada" : "bob", tenant: "acme" } });
    note(call(0.01), { labels: { user: "ada" } });
    if (n % 2 === 1) made.clock.jumpWall(60_000);
  }
  await ledger.flush();
  const text = async () => (await made.entries()).map(({ value }) => value).join("\n");
  const bill = (by: "bundle" | "day" | "model") => readCosts(made.records, "docs", { ...range, by });
  const byUser = () => readCosts(made.records, "docs", { ...range, by: "label", label: "user" });
  return { ...made, note, ledger, text, bill, byUser };
}

describe("erasing a subject from the ledger", () => {
  it("removes it from the labels and leaves every bill as it was [USAGE-ERASE]", async () => {
    const { records, text, bill, byUser } = await peopled();
    const before = [await bill("bundle"), await bill("day"), await bill("model")];
    expect(await eraseUsage(records, "docs", ada)).toBe(9);
    expect(await text()).not.toContain("ada");
    expect(await text()).toContain("bob");
    expect([await bill("bundle"), await bill("day"), await bill("model")]).toEqual(before);
    expect((await byUser()).lines.map(({ key, cost, calls }) => [key, cost, calls])).toEqual([
      ["bob", "0.3", 3],
      [null, "0.36", 9],
    ]);
    const batches = (await text()).split("\n").map((line) => JSON.parse(line));
    expect(
      batches.flatMap((batch) => batch.records).filter(({ labels }) => labels === undefined),
    ).toHaveLength(6);
    expect(await eraseUsage(records, "docs", ada)).toBe(0);
  });

  it("means a whole value, and nothing where values of the memory are named besides [USAGE-ERASE]", async () => {
    const { records, text, note, ledger } = await peopled();
    note(call(1), { labels: { user: "ada", friend: "adam" } });
    await ledger.flush();
    const before = await text();
    for (const request of [
      { subject: "ad" },
      { ...ada, namespace: "facts" },
      { ...ada, prefix: "x" },
      { prefix: "ada" },
    ])
      expect(await eraseUsage(records, "docs", request)).toBe(0);
    expect(await eraseUsage(records, "docs2", ada)).toBe(0);
    expect(await text()).toBe(before);
    expect(await eraseUsage(records, "docs", ada)).toBe(10);
    expect(await text()).toContain('"labels":{"friend":"adam"}');
    await expect(eraseUsage(records, "docs", { subject: "" })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });

  it("keeps what a later release wrote beside it, and says so where it cannot read a batch [USAGE-ERASE]", async () => {
    const { records } = createLedgerWorld();
    const put = (key: string, value: string) => records.commit([{ op: "put", key, rev: 0, value }]);
    const later = '{"v":1,"records":[{"at":5,"model":"m","labels":{"user":"ada"},"new":{"a":1}}],"more":7}';
    await put("docs/usage/0000000000005/n-1", later);
    expect(await eraseUsage(records, "docs", ada)).toBe(1);
    const { entries } = await records.list("docs/usage/", { limit: 9 });
    expect(JSON.parse(entries[0]?.value ?? "")).toEqual({
      v: 1,
      records: [{ at: 5, model: "m", new: { a: 1 } }],
      more: 7,
    });
    await put("docs/usage/0000000000006/n-2", '{"v":99,"calls":"ada"}');
    await put("docs/usage/0000000000007/n-3", '{"v":99,"calls":["ada"]}');
    await expect(eraseUsage(records, "docs", ada)).rejects.toMatchObject({ code: "record-too-new" });
  });

  it.each(["done", "dropped"] as const)(
    "counts what there was and leaves nothing where a reply is lost (%s), or another erases too [USAGE-ERASE]",
    async (fate) => {
      const { store, text } = await peopled(120);
      for (let n = 0; n < 5; n++) store.loseReply(fate);
      expect(await eraseUsage(store, "docs", ada)).toBe(180);
      expect(await text()).not.toContain("ada");
      const both = await peopled(120);
      const counts = await Promise.all([1, 2].map(() => eraseUsage(both.records, "docs", ada)));
      expect(counts[0]).toBeLessThanOrEqual(180);
      expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBeGreaterThanOrEqual(180);
      expect(await both.text()).not.toContain("ada");
    },
  );

  it("does not make a batch whose reply was lost look like somebody else's [USAGE-ERASE] [USAGE-ONCE]", async () => {
    const { records, store, note, ledger, lost, byUser } = await peopled(0);
    note(call(0.5), { labels: { user: "ada" } });
    for (let n = 0; n < 3; n++) store.loseReply("done");
    await expect(ledger.flush()).rejects.toMatchObject({ code: "store-indeterminate" });
    expect(await eraseUsage(records, "docs", ada)).toBe(1);
    await ledger.flush();
    expect(lost).toEqual([]);
    const { lines, lost: dropped } = await byUser();
    expect(lines).toMatchObject([{ key: null, cost: "0.5", calls: 1 }]);
    expect(dropped).toBe(0);
  });

  it("is reached by an erasure of the agent's memory, and again when that is resumed [USAGE-ERASE]", async () => {
    const { records, store, text, clock } = await peopled();
    const erasables = [
      { name: "usage", erase: (request: { subject?: string }) => eraseUsage(store, "docs", request) },
    ];
    const open = () => createAgentState({ backing: createStoreBacking(records, "docs"), erasables, clock });
    store.down();
    await expect(open().erase(ada)).rejects.toMatchObject({ code: "store-unavailable" });
    store.up();
    expect(await text()).toContain("ada");
    await open().resume();
    expect(await text()).not.toContain("ada");
    expect((await open().erase({ subject: "bob" })).others).toEqual({ usage: 3 });
  });
});
