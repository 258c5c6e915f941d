import Libsql from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../src/database.ts";
import { prepareFile } from "../src/schema.ts";
import { type TemporaryFile, temporaryFile } from "./temporary-file.ts";

let temporary: TemporaryFile;
beforeEach(async () => {
  temporary = await temporaryFile();
});
afterEach(() => temporary.remove());

describe("a prepared statement that meets a lock", () => {
  test("leaves no old state behind: its connection is given up, settings and statements go on", () => {
    const { file } = temporary;
    const database = openDatabase({ file, busyMs: 0, session: "PRAGMA synchronous = normal" });
    prepareFile(database, file, "normal");
    const read = database.prepare("SELECT value FROM verdigris_meta WHERE name = 'until'");
    const write = database.prepare("UPDATE verdigris_meta SET value = value + 1 WHERE name = 'until'");
    const synchronous = database.prepare("PRAGMA synchronous");
    expect(read.first()).toEqual([0]);
    const version = database.dataVersion();
    const holder = new Libsql(file);
    holder.exec("BEGIN IMMEDIATE");
    holder.exec("UPDATE verdigris_meta SET value = 10 WHERE name = 'until'");
    expect(() => write.run()).toThrowError(expect.objectContaining({ code: "SQLITE_BUSY" }));
    expect(read.first()).toEqual([0]);
    expect(database.dataVersion()).not.toBe(version);
    holder.exec("COMMIT");
    expect(read.first()).toEqual([10]);
    expect(write.run()).toBe(1);
    expect(read.first()).toEqual([11]);
    expect(synchronous.first()).toEqual([1]);
    holder.close();
    database.close();
    expect(() => read.first()).toThrowError("closed");
  });
});
