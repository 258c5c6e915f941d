import { once } from "node:events";
import { connect as connectTo, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a server that loses what a test tells it to lose. */
export interface FaultProxy {
  readonly url: string;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Chunks that came from clients so far. */
  readonly requests: number;
  /** From now on bytes in this direction are kept back, on connections there are (`all`: and on later ones). */
  hold(direction: "requests" | "replies" | "both", which?: "all"): void;
  /** Sends what was kept back on, and everything from now on. */
  release(): void;
  /** Breaks every connection, with what it kept back. */
  reset(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  holdRequests: boolean;
  holdReplies: boolean;
  readonly keptRequests: Buffer[];
  readonly keptReplies: Buffer[];
}

export async function startProxy(port: number): Promise<FaultProxy> {
  const pairs = new Set<Pair>();
  let accepted = 0;
  let requests = 0;
  let later: readonly [boolean, boolean] = [false, false];
  const listener = createServer((client) => {
    accepted += 1;
    const server = connectTo(port, "127.0.0.1");
    const [holdRequests, holdReplies] = later;
    const pair: Pair = { client, server, holdRequests, holdReplies, keptRequests: [], keptReplies: [] };
    pairs.add(pair);
    client.on("data", (chunk: Buffer) => {
      requests += 1;
      if (pair.holdRequests) pair.keptRequests.push(chunk);
      else server.write(chunk);
    });
    server.on("data", (chunk: Buffer) => {
      if (pair.holdReplies) pair.keptReplies.push(chunk);
      else client.write(chunk);
    });
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.on("error", end);
      socket.on("close", end);
    }
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address() as { port: number };
  const reset = (): void => {
    for (const { client, server } of [...pairs]) {
      client.resetAndDestroy();
      server.destroy();
    }
  };
  return {
    url: `redis://127.0.0.1:${address.port}`,
    get accepted() {
      return accepted;
    },
    get requests() {
      return requests;
    },
    hold(direction, which) {
      const both = direction === "both";
      const sides = [both || direction === "requests", both || direction === "replies"] as const;
      if (which === "all") later = sides;
      for (const pair of pairs) [pair.holdRequests, pair.holdReplies] = sides;
    },
    release() {
      later = [false, false];
      for (const pair of pairs) {
        pair.holdRequests = false;
        pair.holdReplies = false;
        for (const chunk of pair.keptRequests.splice(0)) pair.server.write(chunk);
        for (const chunk of pair.keptReplies.splice(0)) pair.client.write(chunk);
      }
    },
    reset,
    async close() {
      reset();
      listener.close();
      await once(listener, "close");
    },
  };
}
