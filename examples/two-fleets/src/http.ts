import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** An answer and its headers. */
export interface Answer {
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server on a free port of 127.0.0.1 that takes JSON and gives JSON. */
export async function serveJson(
  handle: (body: unknown, request: IncomingMessage) => Promise<Answer>,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const { body, headers = {} } = await handle(JSON.parse(Buffer.concat(parts).toString()), request);
      response.writeHead(200, { "content-type": "application/json", connection: "close", ...headers });
      response.end(JSON.stringify(body));
    };
    answer().catch((error: unknown) => {
      response.writeHead(500, { connection: "close" });
      response.end(String(error));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Posts JSON. Rejects when the other side is gone before it answered. */
export async function postJson(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly body: unknown; readonly headers: Headers }> {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { connection: "close", ...headers },
    signal: AbortSignal.timeout(15_000),
  });
  if (!response.ok) throw new Error(await response.text());
  return { body: await response.json(), headers: response.headers };
}
