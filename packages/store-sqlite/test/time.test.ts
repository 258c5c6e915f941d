import { createSqliteStore } from "@verdigris/store-sqlite";
import { createFakeClock } from "@verdigris/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type TemporaryFile, temporaryFile } from "./temporary-file.ts";

const put = (key: string) => [{ op: "put" as const, key, rev: 0, value: "1" }];

let temporary: TemporaryFile;
beforeEach(async () => {
  temporary = await temporaryFile();
});
afterEach(() => temporary.remove());

describe("store time of a file", () => {
  test("is the host's clock while one handle writes", async () => {
    const clock = createFakeClock({ now: 5_000 });
    const store = await createSqliteStore({ file: temporary.file, clock });
    for (const at of [5_000, 5_003, 5_006, 5_500]) {
      await clock.advance(at - clock.now());
      expect(await store.commit(put(`a/${at}`))).toMatchObject({ at });
    }
    await store.close();
  });

  test("runs at most 10 ms ahead of the clock when several handles write", async () => {
    const clock = createFakeClock({ now: 5_000 });
    const { file } = temporary;
    const stores = [await createSqliteStore({ file, clock }), await createSqliteStore({ file, clock })];
    for (let n = 0; n < 60; n += 1) {
      const { at } = (await stores[n % 2]?.commit(put(`a/${n}`))) ?? { at: 0 };
      expect(at - clock.now()).toBeGreaterThanOrEqual(0);
      expect(at - clock.now()).toBeLessThanOrEqual(10);
      await clock.advance(1);
    }
    for (const store of stores) await store.close();
  });

  test("of a read by a handle whose clock was set back is at most 10 ms before the latest commit [STORE-TIME]", async () => {
    const { file } = temporary;
    const ahead = await createSqliteStore({ file, clock: createFakeClock({ now: 900_000 }) });
    const behind = await createSqliteStore({ file, clock: createFakeClock({ now: 1_000 }) });
    await ahead.commit(put("a"));
    expect((await behind.get([])).at).toBe(900_000);
    expect((await behind.get(["a"])).at).toBe(900_000);
    expect((await behind.list("none", { limit: 1 })).at).toBe(900_000);
    expect((await behind.commit(put("b"))).at).toBeGreaterThanOrEqual(900_000);
    await ahead.close();
    await behind.close();
  });
});
