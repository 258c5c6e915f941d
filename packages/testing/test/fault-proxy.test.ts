import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";
import { createFaultProxy, type FaultProxy } from "@verdigris/testing/node";
import { afterEach, beforeEach, expect, test } from "vitest";

let echo: Server;
let heard: string;
let proxy: FaultProxy;
beforeEach(async () => {
  heard = "";
  echo = createServer((socket) => {
    socket.on("data", (bytes) => {
      heard += String(bytes);
      socket.write(bytes);
    });
    socket.on("error", () => undefined);
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  proxy = await createFaultProxy({ port: (echo.address() as AddressInfo).port });
});
afterEach(async () => {
  await proxy.close();
  echo.close();
});

async function connect(): Promise<Socket> {
  const socket = createConnection({ host: "127.0.0.1", port: proxy.port });
  await once(socket, "connect");
  return socket;
}

async function say(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [bytes] = await once(socket, "data");
  return String(bytes);
}

test("passes bytes both ways and counts connections", async () => {
  const socket = await connect();
  expect(await say(socket, "one")).toBe("one");
  expect(proxy).toMatchObject({ connections: 1, accepted: 1 });
  socket.destroy();
});

test("swallowed replies: the server hears, the client does not, and nothing is closed", async () => {
  const socket = await connect();
  await say(socket, "one");
  proxy.swallow("replies");
  const replies: string[] = [];
  socket.on("data", (bytes) => replies.push(String(bytes)));
  socket.write("two");
  await expect.poll(() => heard).toBe("onetwo");
  proxy.pass();
  socket.write("three");
  await expect.poll(() => replies.join("")).toBe("three");
  expect(socket.destroyed).toBe(false);
  socket.destroy();
});

test("swallowed requests never reach the server", async () => {
  const socket = await connect();
  await say(socket, "one");
  proxy.swallow("requests");
  await new Promise((resolve) => socket.write("two", resolve));
  proxy.cut();
  await once(socket, "error");
  proxy.pass();
  const next = await connect();
  expect(await say(next, "three")).toBe("three");
  expect(heard).toBe("onethree");
  next.destroy();
});

test("cut resets, refuse turns away, accept lets in again on the same port", async () => {
  const socket = await connect();
  await say(socket, "one");
  proxy.cut();
  expect(await once(socket, "error")).toMatchObject([{ code: "ECONNRESET" }]);
  await proxy.refuse();
  await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await proxy.accept();
  const again = await connect();
  expect(await say(again, "two")).toBe("two");
  again.destroy();
});
