import type { RedisClient } from "@verdigris/store-redis";
import { Cluster, Redis } from "ioredis";
import { createClient, createCluster } from "redis";

/** A connected client of one of the two libraries, and how to be rid of it. */
export interface TestClient {
  readonly client: RedisClient;
  end(): void;
}

export type Library = "node-redis" | "ioredis" | "node-redis cluster" | "ioredis cluster";
export const libraries: readonly Library[] = ["node-redis", "ioredis"];

export async function connect(library: Library, url: string): Promise<TestClient> {
  if (library === "ioredis") {
    const client = new Redis(url, { lazyConnect: true });
    client.on("error", () => undefined);
    await client.connect();
    return { client, end: () => client.disconnect() };
  }
  if (library === "ioredis cluster") {
    const { hostname, port } = new URL(url);
    const client = new Cluster([{ host: hostname, port: Number(port) }], { lazyConnect: true });
    client.on("error", () => undefined);
    await client.connect();
    return { client, end: () => client.disconnect() };
  }
  const client = library === "node-redis" ? createClient({ url }) : createCluster({ rootNodes: [{ url }] });
  client.on("error", () => undefined);
  await client.connect();
  return { client, end: () => client.destroy() };
}
