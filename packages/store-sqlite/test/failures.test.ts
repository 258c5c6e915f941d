import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CommitResult, StoreOp } from "@verdigris/contracts";
import { systemClock } from "@verdigris/contracts";
import { createSqliteStore } from "@verdigris/store-sqlite";
import Libsql from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../src/database.ts";
import { createPatience } from "../src/patience.ts";
import { createRecords } from "../src/records.ts";
import { createRevisions } from "../src/revisions.ts";
import { prepareFile } from "../src/schema.ts";
import { createStoreTime } from "../src/store-time.ts";
import { type TemporaryFile, temporaryFile } from "./temporary-file.ts";

const put = (key: string, value = "1"): StoreOp => ({ op: "put", key, rev: 0, value });

let temporary: TemporaryFile;
beforeEach(async () => {
  temporary = await temporaryFile();
});
afterEach(() => temporary.remove());

/** The store's own parts over a real file, where a test may change the connection between them. */
function assemble(change: (database: Database) => Database): {
  commit(ops: readonly StoreOp[]): Promise<CommitResult>;
  read(key: string): string | undefined;
  close(): void;
} {
  const { file } = temporary;
  const real = openDatabase({ file, busyMs: 0, session: "PRAGMA synchronous = full" });
  prepareFile(real, file, "full");
  const database = change(real);
  const records = createRecords({
    file,
    database,
    revisions: createRevisions(database, "full"),
    time: createStoreTime(database, systemClock),
  });
  const patience = createPatience({
    file,
    clock: systemClock,
    random: Math.random,
    requireOpen: () => undefined,
  });
  return {
    commit: (ops) => patience(() => records.commit(ops)),
    read: (key) => records.get([key]).entries[0]?.value,
    close: () => real.close(),
  };
}

/** A connection whose COMMIT fails as `code` when `failing` says so, before or after it has reached the file. */
function failAtCommit(real: Database, code: string, reaches: boolean): Database & { failing: boolean } {
  return {
    failing: false,
    get inTransaction() {
      return real.inTransaction;
    },
    exec(sql) {
      const fails = this.failing && sql === "COMMIT";
      if (!fails || reaches) real.exec(sql);
      if (fails) throw Object.assign(new Error("from the disk"), { code });
    },
    prepare: (sql) => real.prepare(sql),
    dataVersion: () => real.dataVersion(),
    close: () => real.close(),
  };
}

describe("opening", () => {
  test("a file that is no database is store-unavailable with the engine's error as cause", async () => {
    await writeFile(
      temporary.file,
      "no database, only text that is long enough to be read as one".repeat(100),
    );
    await expect(createSqliteStore({ file: temporary.file })).rejects.toMatchObject({
      code: "store-unavailable",
      details: { engineCode: "SQLITE_NOTADB" },
      cause: expect.any(Error),
    });
  });

  test("a missing directory, and a directory for a file, are store-unavailable", async () => {
    const directory = dirname(temporary.file);
    for (const file of [join(directory, "none", "store.db"), directory]) {
      await expect(createSqliteStore({ file })).rejects.toMatchObject({
        code: "store-unavailable",
        details: { engineCode: "SQLITE_CANTOPEN" },
      });
    }
  });

  test("a file that a later release laid out is record-too-new and is left as it was [FORMAT-TOO-NEW]", async () => {
    const { file } = temporary;
    await (await createSqliteStore({ file })).close();
    const raw = new Libsql(file);
    raw.exec("UPDATE verdigris_meta SET value = 2 WHERE name = 'v'");
    await expect(createSqliteStore({ file })).rejects.toMatchObject({
      code: "record-too-new",
      details: { found: 2, supported: 1 },
    });
    raw.exec("UPDATE verdigris_meta SET value = 1 WHERE name = 'v'");
    await (await createSqliteStore({ file })).close();
  });

  test("options out of range are named", async () => {
    const { file } = temporary;
    for (const [argument, options] of [
      ["file", { file: "" }],
      ["file", { file: ":memory:" }],
      ["file", { file: "https://example.org/db" }],
      ["file", undefined as never],
      ["synchronous", { file, synchronous: "off" as "full" }],
      ["busyMs", { file, busyMs: 21 }],
      ["busyMs", { file, busyMs: Number.NaN }],
      ["pollMs", { file, pollMs: 0 }],
    ] as const) {
      await expect(createSqliteStore(options)).rejects.toMatchObject({
        code: "invalid-argument",
        details: { argument },
      });
    }
  });

  test("a file under a directory with odd characters works", async () => {
    const directory = join(dirname(temporary.file), "a b%20'ü");
    await mkdir(directory);
    const store = await createSqliteStore({ file: join(directory, "store.db") });
    expect(await store.commit([put("a")])).toMatchObject({ ok: true });
    await store.close();
  });
});

describe("committing", () => {
  test("a file that may only be read is store-unavailable", async () => {
    // Whatever its mode says, root may write a file, so the engine itself is told not to.
    let real: Database | undefined;
    const parts = assemble((database) => (real = database));
    real?.exec("PRAGMA query_only = on");
    await expect(parts.commit([put("a")])).rejects.toMatchObject({
      code: "store-unavailable",
      details: { engineCode: "SQLITE_READONLY" },
    });
    parts.close();
  });

  test("a full disk is store-unavailable, nothing of the commit happens, and the store goes on", async () => {
    const parts = assemble((database) => {
      database.exec("PRAGMA max_page_count = 12");
      return database;
    });
    const fill = Array.from({ length: 32 }, (_, n) => put(`key/${n}`, `"${"x".repeat(2_000)}"`));
    await expect(parts.commit(fill)).rejects.toMatchObject({
      code: "store-unavailable",
      details: { engineCode: "SQLITE_FULL" },
    });
    expect(parts.read("key/0")).toBeUndefined();
    expect(await parts.commit([put("small")])).toMatchObject({ ok: true });
    parts.close();
  });

  for (const reaches of [true, false]) {
    test(`an input/output error inside COMMIT is store-indeterminate (the commit ${reaches ? "happened" : "did not happen"})`, async () => {
      let faulty: (Database & { failing: boolean }) | undefined;
      const parts = assemble((real) => (faulty = failAtCommit(real, "SQLITE_IOERR_FSYNC", reaches)));
      await parts.commit([put("before")]);
      if (faulty) faulty.failing = true;
      await expect(parts.commit([put("a")])).rejects.toMatchObject({ code: "store-indeterminate" });
      if (faulty) faulty.failing = false;
      expect(parts.read("a")).toBe(reaches ? "1" : undefined);
      expect(await parts.commit([put("after")])).toMatchObject({ ok: true });
      parts.close();
    });
  }

  test("a COMMIT refused for want of space is store-unavailable: it did not happen", async () => {
    let faulty: (Database & { failing: boolean }) | undefined;
    const parts = assemble((real) => (faulty = failAtCommit(real, "SQLITE_FULL", false)));
    if (faulty) faulty.failing = true;
    await expect(parts.commit([put("a")])).rejects.toMatchObject({ code: "store-unavailable" });
    expect(parts.read("a")).toBeUndefined();
    parts.close();
  });
});
