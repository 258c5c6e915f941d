export type {
  PostgresClient,
  PostgresInProcessListener,
  PostgresListenClient,
  PostgresNotifiedClient,
  PostgresPool,
  PostgresPoolClient,
  PostgresQueryable,
  PostgresRows,
} from "./postgres-client.ts";
export {
  createPostgresStore,
  type PostgresNotice,
  type PostgresStore,
  type PostgresStoreOptions,
} from "./postgres-store.ts";
export { postgresMigration } from "./schema.ts";
