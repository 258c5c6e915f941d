import Libsql from "libsql";
import { isBusy } from "./failures.ts";

/** One column of one row: what the two tables hold. */
type Cell = string | number;
export type Row = readonly Cell[];

/** A prepared statement; parameters and rows are arrays, the cheapest form the engine's binding has. */
interface Statement {
  /** Runs it and returns how many rows it changed. */
  run(...cells: readonly Cell[]): number;
  first(...cells: readonly Cell[]): Row | undefined;
  all(...cells: readonly Cell[]): readonly Row[];
}

/** One file, reduced to what the store uses. Throws what the engine throws. */
export interface Database {
  readonly inTransaction: boolean;
  /** Runs statements that are parsed now and gone afterwards: the only kind that may have to wait for a lock. */
  exec(sql: string): void;
  prepare(sql: string): Statement;
  /** Differs from what it was once any other connection has committed. */
  dataVersion(): number;
  close(): void;
}

type Connection = InstanceType<typeof Libsql>;
type Prepared = ReturnType<Connection["prepare"]>;

export interface DatabaseOptions {
  /** Created when it is missing. */
  readonly file: string;
  /** How long the engine itself may wait for a lock. */
  readonly busyMs: number;
  /** Run on every new connection once the file is prepared: settings that live with the connection. */
  readonly session: string;
}

function prepareOn(connection: Connection, sql: string): Prepared {
  const prepared = connection.prepare(sql);
  if (prepared.reader) (prepared as unknown as { raw(on: boolean): void }).raw(true);
  return prepared;
}

/**
 * Opens `file`. The binding does not reset a prepared statement that the engine answered with "busy", and until that one
 * runs again every read of its connection sees the file as it was then, and a second such statement leaves it so for good.
 * So what may have to wait for a lock goes through `exec`, and where a prepared statement meets one all the same its
 * connection is given up for a new one.
 */
export function openDatabase({ file, busyMs, session }: DatabaseOptions): Database {
  const open = (): Connection => new Libsql(file, { timeout: busyMs });
  const texts: string[] = [];
  // A statement that can still be reached keeps the file open, so closing lets go of all of them.
  let statements: Prepared[] = [];
  let connection = open();
  let connections = 1;
  let closed = false;

  function renew(): void {
    const next = open();
    next.exec(session);
    statements = [];
    connection.close();
    connection = next;
    connections += 1;
  }

  function statementAt(index: number): Prepared {
    if (closed) throw new Error("the database is closed");
    statements[index] ??= prepareOn(connection, texts[index] ?? "");
    return statements[index];
  }

  function use<T>(index: number, run: (statement: Prepared) => T): T {
    try {
      return run(statementAt(index));
    } catch (error) {
      if (isBusy(error)) renew();
      throw error;
    }
  }

  function prepare(sql: string): Statement {
    const index = texts.push(sql) - 1;
    statements[index] = prepareOn(connection, sql);
    return {
      run: (...cells) => use(index, (statement) => statement.run(cells).changes),
      first: (...cells) => use(index, (statement) => statement.get(cells) as Row | undefined),
      all: (...cells) => use(index, (statement) => statement.all(cells) as Row[]),
    };
  }

  const version = prepare("PRAGMA data_version");
  return {
    get inTransaction() {
      return connection.inTransaction;
    },
    exec(sql) {
      connection.exec(sql);
    },
    prepare,
    dataVersion() {
      const found = Number(version.first()?.[0]);
      // Another connection counts anew, and may come to the same number.
      return connections * 2 ** 32 + found;
    },
    close() {
      closed = true;
      statements = [];
      connection.close();
    },
  };
}
