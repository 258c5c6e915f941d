import type { RedisClient } from "@verdigris/store-redis";
import { Redis } from "ioredis";
import { createClient } from "redis";

/** A connected client of one of the two libraries, and how to be rid of it. */
export interface TestClient {
  readonly client: RedisClient;
  end(): void;
}

export type Library = "node-redis" | "ioredis";
export const libraries: readonly Library[] = ["node-redis", "ioredis"];

export async function connect(library: Library, url: string): Promise<TestClient> {
  if (library === "ioredis") {
    const client = new Redis(url, { lazyConnect: true });
    client.on("error", () => undefined);
    await client.connect();
    return { client, end: () => client.disconnect() };
  }
  const client = createClient({ url });
  client.on("error", () => undefined);
  await client.connect();
  return { client, end: () => client.destroy() };
}
