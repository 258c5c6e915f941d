export type {
  IoRedisClient,
  IoRedisSubscriber,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSubscriber,
  RedisClient,
} from "./client.ts";
export { createRedisStore, type RedisStore, type RedisStoreOptions } from "./redis-store.ts";
export type { RedisRisk, RedisRiskCode, RedisSettings } from "./risks.ts";
