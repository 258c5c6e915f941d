import { InvalidArgumentError, VerdigrisError } from "@verdigris/contracts";
import type { Call } from "./calls.ts";
import { functionsSql, type SqlNames } from "./functions-sql.ts";

/** The layout this release reads and writes; a schema with a higher one is refused. */
const schemaVersion = 1;

const schemaPattern = /^[a-z_][a-z0-9_]{0,47}$/;

/** Names for a schema; the channel and the locks belong to it alone. */
export function namesOf(schema: unknown): SqlNames {
  if (typeof schema !== "string" || !schemaPattern.test(schema)) {
    const problem = `must be a name in lower case of at most 48 letters, digits and _, got ${JSON.stringify(schema)}`;
    throw new InvalidArgumentError("schema", problem);
  }
  let lockSeed = 7;
  for (const character of schema) lockSeed = (lockSeed * 31 + character.charCodeAt(0)) % 2_147_483_647;
  return { schema, channel: `verdigris_${schema}`, lockSeed };
}

/**
 * One statement that brings a schema to the layout of this release, whatever it has now; it may run any number of times and
 * from several sessions at once. For people who let a migration role run it instead of the store's own.
 */
export function postgresMigration(schema = "verdigris"): string {
  const names = namesOf(schema);
  return `DO $migration$
DECLARE
  v_version int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(${names.lockSeed}, ${schemaVersion});
  CREATE SCHEMA IF NOT EXISTS ${schema};
  CREATE TABLE IF NOT EXISTS ${schema}.meta (name text PRIMARY KEY, value bigint NOT NULL);
  SELECT value INTO v_version FROM ${schema}.meta WHERE name = 'v';
  IF v_version >= ${schemaVersion} THEN RETURN; END IF;
  CREATE TABLE ${schema}.entries (
    key text COLLATE "C" PRIMARY KEY,
    rev bigint NOT NULL,
    at bigint NOT NULL,
    value text NOT NULL
  ) WITH (
    fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1
  );
  CREATE SEQUENCE ${schema}.revision;
  CREATE SEQUENCE ${schema}.latest;
  PERFORM setval('${schema}.latest', 1);
  ${functionsSql(names)}
  INSERT INTO ${schema}.meta (name, value) VALUES ('v', ${schemaVersion})
    ON CONFLICT (name) DO UPDATE SET value = excluded.value;
END $migration$`;
}

async function readVersion(call: Call, schema: string): Promise<number | null> {
  const [known] = await call("read", "SELECT to_regclass($1) IS NOT NULL AS known", [`${schema}.meta`]);
  if ((known as { known: boolean } | undefined)?.known !== true) return null;
  const [row] = await call("read", `SELECT value FROM ${schema}.meta WHERE name = 'v'`, []);
  return row === undefined ? null : Number((row as { value: unknown }).value);
}

/** Makes the schema ready, or refuses it. A role that may not create anything opens a schema that is ready. */
export async function prepareSchema(call: Call, schema: string, migrate: boolean): Promise<void> {
  const found = await readVersion(call, schema);
  if (found !== null && found > schemaVersion) {
    throw new VerdigrisError(
      "record-too-new",
      `the schema ${schema} has layout ${found}, this process reads up to ${schemaVersion}: upgrade it before it opens the store`,
      { schema, found, supported: schemaVersion },
    );
  }
  if (found === schemaVersion) return;
  if (!migrate) {
    throw new VerdigrisError(
      "store-unavailable",
      `the schema ${schema} has not been made yet: run postgresMigration(), or open the store once with migrate`,
      { schema, found, supported: schemaVersion },
    );
  }
  await call("read", postgresMigration(schema), []);
}
