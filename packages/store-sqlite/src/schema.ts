import { VerdigrisError } from "@verdigris/contracts";
import type { Database } from "./database.ts";

/** The layout this release reads and writes; a file with a higher one is refused. */
const schemaVersion = 1;

const tables = `
  CREATE TABLE IF NOT EXISTS verdigris_entries (
    key TEXT PRIMARY KEY COLLATE BINARY NOT NULL,
    rev INTEGER NOT NULL,
    at INTEGER NOT NULL,
    value TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS verdigris_meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO verdigris_meta (name, value) VALUES ('v', ${schemaVersion}), ('rev', 0), ('until', 0)
    ON CONFLICT DO NOTHING;
`;

function readVersion(database: Database): number | null {
  const known = database
    .prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'verdigris_meta'")
    .first();
  if (known?.[0] !== 1) return null;
  return Number(database.prepare("SELECT value FROM verdigris_meta WHERE name = 'v'").first()?.[0] ?? 0);
}

/** Refuses a file that a later release laid out. */
function requireVersion(found: number, file: string): void {
  if (found > schemaVersion) {
    throw new VerdigrisError(
      "record-too-new",
      `${file} has layout ${found}, this process reads up to ${schemaVersion}: upgrade it before it opens the file`,
      { file, found, supported: schemaVersion },
    );
  }
}

/** Makes the file ready: write-ahead log, the asked-for synchronisation, both tables. Safe when several processes do it at once. */
export function prepareFile(database: Database, file: string, synchronous: "full" | "normal"): void {
  const found = readVersion(database);
  if (found !== null) requireVersion(found, file);
  const mode = database.prepare("PRAGMA journal_mode = WAL").first()?.[0];
  if (mode !== "wal") {
    throw new VerdigrisError(
      "store-unavailable",
      `${file} cannot use a write-ahead log (journal mode ${String(mode)}): put it on a local disk`,
      { file, journalMode: mode },
    );
  }
  database.exec(`PRAGMA synchronous = ${synchronous}`);
  if (found !== null) return;
  database.exec("BEGIN IMMEDIATE");
  try {
    const raced = readVersion(database);
    if (raced === null) database.exec(tables);
    else requireVersion(raced, file);
    database.exec("COMMIT");
  } catch (error) {
    if (database.inTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
