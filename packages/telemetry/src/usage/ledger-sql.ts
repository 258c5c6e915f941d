import { InvalidArgumentError, recordVersion } from "@verdigris/contracts";
import { postgresSql } from "./ledger-sql-postgres.ts";
import { sqliteSql } from "./ledger-sql-sqlite.ts";

/** The ledger for people who ask in SQL. */
export interface LedgerSql {
  /** Makes the views `usage_calls` and `usage_runs`; may run any number of times. Run it with rights to make views. */
  readonly views: string;
  /**
   * One query that answers which bundle change did it: a row per bundle and currency, oldest bundle first. Three parameters: the
   * agent, from and to in milliseconds. Needs the views.
   */
  readonly blame: string;
}

/** Options of {@link ledgerSql}. */
export interface LedgerSqlOptions {
  readonly dialect: "postgres" | "sqlite";
  /** The schema of the PostgreSQL store. @default "verdigris" */
  readonly schema?: string;
}

/**
 * Statements over the tables of a PostgreSQL or SQLite store that show the ledger as rows, and the answer of `blame` as one
 * query. They read what is stored and change none of it. Throws `invalid-argument` for a schema that is no plain name.
 */
export function ledgerSql({ dialect, schema = "verdigris" }: LedgerSqlOptions): LedgerSql {
  if (dialect === "sqlite") return sqliteSql(recordVersion);
  if (dialect !== "postgres") throw new InvalidArgumentError("dialect", 'must be "postgres" or "sqlite"');
  if (!/^[a-z_][a-z0-9_]{0,47}$/.test(schema))
    throw new InvalidArgumentError(
      "schema",
      "must be a name in lower case of at most 48 letters, digits and _",
    );
  return postgresSql(schema, recordVersion);
}
