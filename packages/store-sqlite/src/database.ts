import Libsql from "libsql";

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

/** One connection to one file, reduced to what the store uses. Throws what the engine throws. */
export interface Database {
  readonly inTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

type Prepared = ReturnType<InstanceType<typeof Libsql>["prepare"]>;

/** Opens `file`, creating it when it is missing. `busyMs` is how long the engine itself may wait for a lock. */
export function openDatabase(file: string, busyMs: number): Database {
  const connection = new Libsql(file, { timeout: busyMs });
  // A statement that can still be reached keeps the file open, so closing lets go of all of them.
  const statements: Prepared[] = [];
  const statementAt = (index: number): Prepared => {
    const statement = statements[index];
    if (statement === undefined) throw new Error("the database is closed");
    return statement;
  };
  return {
    get inTransaction() {
      return connection.inTransaction;
    },
    exec(sql) {
      connection.exec(sql);
    },
    prepare(sql) {
      const prepared = connection.prepare(sql);
      if (prepared.reader) (prepared as unknown as { raw(on: boolean): void }).raw(true);
      const index = statements.push(prepared) - 1;
      return {
        run: (...cells) => statementAt(index).run(cells).changes,
        first: (...cells) => statementAt(index).get(cells) as Row | undefined,
        all: (...cells) => statementAt(index).all(cells) as Row[],
      };
    },
    close() {
      statements.length = 0;
      connection.close();
    },
  };
}
