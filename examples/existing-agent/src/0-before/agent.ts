import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { complete, type Message } from "../model.ts";
import { tools } from "../tools.ts";

interface Ask {
  readonly ticket: string;
  readonly customer: string;
  readonly staff: boolean;
  readonly question: string;
}

const settings = {
  system: "You work at the order desk. Refund within 14 days of delivery.",
};

function log(event: string, facts: object = {}): void {
  const line = {
    at: new Date().toISOString(),
    event,
    ...facts,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function answer(ask: Ask, { system }: typeof settings): Promise<string> {
  const messages: Message[] = [{ role: "user", text: ask.question }];
  for (let turn = 1; turn <= 6; turn++) {
    const reply = await complete(system, messages);
    log("model", { turn, wants: reply.tool ?? "to answer" });
    if (reply.tool === undefined) return reply.text;
    const result = tools[reply.tool](reply.order);
    log("tool", { tool: reply.tool, result });
    messages.push({ role: "tool", text: result });
  }
  throw new Error("the model came to no end");
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const ask: Ask = JSON.parse(await text(request));
  const reply = await answer(ask, settings);
  response.end(JSON.stringify({ reply }));
  log("answered", { ticket: ask.ticket });
}

const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => {
    log("failed", { error: String(error) });
    response.writeHead(500).end();
  });
});
server.listen(0, "127.0.0.1", () => {
  log("listening", { port: (server.address() as AddressInfo).port });
});
