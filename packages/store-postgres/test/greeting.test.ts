import { createServer, type Server } from "node:net";
import { createPostgresStore } from "@verdigris/store-postgres";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** One message of the server: a letter, its length, its content. */
function message(letter: string, content: Uint8Array): Buffer {
  const head = Buffer.alloc(5, letter);
  head.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

const welcome = Buffer.concat([message("R", Buffer.alloc(4)), message("Z", Buffer.from("I"))]);
const farewell = message("E", Buffer.from("SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"));

describe("a server that ends a session as it begins", () => {
  let server: Server;
  let pool: pg.Pool;
  let greeted: number;

  beforeEach(async () => {
    greeted = 0;
    server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("data", () => {
        greeted += 1;
        // In one piece: the client hears that it is ready and that it is over within one turn.
        socket.end(Buffer.concat([welcome, farewell]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    pool = new pg.Pool({ host: "127.0.0.1", port, user: "nobody", database: "none" });
    pool.on("error", () => undefined);
  });
  afterEach(async () => {
    await pool.end();
    await new Promise((resolve) => server.close(resolve));
  });

  test("is store-unavailable for the call, and the process goes on", async () => {
    const uncaught: unknown[] = [];
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => uncaught.push(error));
    try {
      const codes = await Promise.all(
        [1, 2].map((n) =>
          createPostgresStore({ client: pool, schema: `greeting_${n}` }).then(
            () => "opened",
            (error: unknown) => (error as { code?: unknown }).code,
          ),
        ),
      );
      expect(codes).toEqual(["store-unavailable", "store-unavailable"]);
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const other of others) process.on("uncaughtException", other);
    }
    expect(uncaught).toEqual([]);
    expect(greeted).toBe(2);
  });

  test("two stores over one pool listen once on each of its connections", async () => {
    const listeners: number[] = [];
    pool.on("acquire", (client) => listeners.push(client.listenerCount("error")));
    for (const schema of ["greeting_1", "greeting_2", "greeting_3"])
      await createPostgresStore({ client: pool, schema }).catch(() => undefined);
    // The pool's own, which goes, and the store's, which stays.
    expect(listeners).toEqual([2, 2, 2]);
  });
});
