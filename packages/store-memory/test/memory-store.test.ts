import { createMemoryStore } from "@verdigris/store-memory";
import { expect, test } from "vitest";

test("a commit, a read, a conflict and a listing", async () => {
  const store = createMemoryStore();
  const first = await store.commit([{ op: "put", key: "a/1", rev: 0, value: "1" }]);
  expect(first).toMatchObject({ ok: true });
  expect(await store.commit([{ op: "put", key: "a/1", rev: 0, value: "2" }])).toMatchObject({
    ok: false,
    key: "a/1",
    current: { value: "1" },
  });
  expect((await store.list("a/", { limit: 10 })).entries).toHaveLength(1);
  expect(store.size).toBe(1);
});
