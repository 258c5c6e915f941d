/** What a query answers, as far as the store reads it. */
export interface PostgresRows {
  readonly rows: readonly object[];
}

/** One connection, or whatever runs one statement at a time: `pg`'s `Client`, a PGlite instance. */
export interface PostgresQueryable {
  query(text: string, values?: unknown[]): Promise<PostgresRows>;
}

/** A connection lent by a pool. */
export interface PostgresPoolClient extends PostgresQueryable {
  /** Gives it back; with `true` it is closed instead. */
  release(destroy?: boolean): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/**
 * A pool of connections: `pg`'s `Pool`. Give it an `error` listener, or an idle connection that breaks ends the process. The
 * store listens for errors on every connection it makes: one that breaks while it is lent fails its statement, no more.
 */
export interface PostgresPool {
  readonly totalCount: number;
  connect(): Promise<PostgresPoolClient>;
  /** Tells of a new connection before it is lent; a wrapper may leave it out. */
  on?(event: "connect", listener: (client: PostgresPoolClient) => void): unknown;
}

/** What the store commits and reads through. */
export type PostgresClient = PostgresPool | PostgresQueryable;

/** A connection of its own that hears notifications, as `pg`'s `Client` does. */
export interface PostgresNotifiedClient extends PostgresQueryable {
  on(
    event: "notification",
    listener: (message: { channel: string; payload?: string | undefined }) => void,
  ): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  end(): Promise<void>;
}

/** An engine in this process that hands notifications to a function, as PGlite does. */
export interface PostgresInProcessListener extends PostgresQueryable {
  listen(channel: string, listener: (payload: string) => void): Promise<() => Promise<void>>;
}

/** What `listen` opens: already connected, used for nothing else. */
export type PostgresListenClient = PostgresNotifiedClient | PostgresInProcessListener;

export function isPool(client: PostgresClient): client is PostgresPool {
  return "totalCount" in client;
}
