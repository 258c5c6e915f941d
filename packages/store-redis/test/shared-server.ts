import { Redis } from "ioredis";

/** The server all tests share: no persistence is asked of it, and each test has a prefix of its own. */
export const sharedUrl: string = process.env.VERDIGRIS_REDIS_URL ?? "redis://127.0.0.1:6379";

async function answers(): Promise<boolean> {
  const client = new Redis(sharedUrl, { lazyConnect: true, retryStrategy: () => null });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/** Whether tests must be skipped for want of a server; prints why, and is an error where tests must not be skipped. */
export async function lacksServer(): Promise<boolean> {
  if (await answers()) return false;
  const reason = `no Redis answers at ${sharedUrl}; set VERDIGRIS_REDIS_URL`;
  if (process.env.CI === "true") throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return true;
}

let prefixes = 0;

/** A prefix nobody else uses. */
export function freshPrefix(): string {
  prefixes += 1;
  return `test-${process.pid}-${prefixes}-${crypto.randomUUID().slice(0, 8)}`;
}

export async function removeData(prefix: string, url: string = sharedUrl): Promise<void> {
  const client = new Redis(url);
  await client.del(`{${prefix}}:entries`, `{${prefix}}:keys`);
  client.disconnect();
}
