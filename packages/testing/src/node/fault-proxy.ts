import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";

/** Which bytes vanish: nothing is closed, so neither side hears of it until it waits too long. */
export type SwallowedBytes = "requests" | "replies" | "both";

/** Where a {@link FaultProxy} leads. */
export interface FaultProxyOptions {
  /** @default "127.0.0.1" */
  readonly host?: string;
  readonly port: number;
}

/** A TCP proxy in front of a real server, which a test can make fail as networks do. */
export interface FaultProxy {
  /** Where clients connect on 127.0.0.1; stays the same for the life of the proxy. */
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** Connections that were ever accepted. */
  readonly accepted: number;
  /** From now on these bytes vanish, on connections that are open and on new ones, until {@link pass}. */
  swallow(bytes: SwallowedBytes): void;
  /** Lets bytes through again; those that were swallowed stay lost. */
  pass(): void;
  /** Resets every open connection. */
  cut(): void;
  /** Resets every open connection and refuses new ones until {@link accept}. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  /** Resets every connection and stops. */
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

function join(pair: Pair, swallowed: () => SwallowedBytes | null): void {
  const { client, server } = pair;
  const relay = (from: Socket, to: Socket, kind: SwallowedBytes): void => {
    from.on("data", (bytes) => {
      const lost = swallowed();
      if (lost !== "both" && lost !== kind) to.write(bytes);
    });
    from.on("end", () => {
      if (swallowed() === null) to.end();
    });
    from.on("error", () => to.resetAndDestroy());
    from.on("close", () => {
      if (swallowed() === null) to.destroy();
    });
  };
  relay(client, server, "requests");
  relay(server, client, "replies");
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Opens a proxy to `host:port` on a free port. It keeps no process alive once {@link FaultProxy.close} was called. */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { host = "127.0.0.1", port: target } = options;
  const pairs = new Set<Pair>();
  let swallowed: SwallowedBytes | null = null;
  let accepted = 0;

  const take = (client: Socket): void => {
    accepted += 1;
    const pair = { client, server: createConnection({ host, port: target }) };
    pairs.add(pair);
    client.setNoDelay(true);
    pair.server.setNoDelay(true);
    client.once("close", () => pairs.delete(pair));
    join(pair, () => swallowed);
  };
  let server = createServer(take);
  const port = await listen(server, 0);

  const cut = (): void => {
    for (const pair of pairs) {
      pairs.delete(pair);
      pair.client.resetAndDestroy();
      pair.server.destroy();
    }
  };
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const stopped = once(server, "close");
    server.close();
    cut();
    await stopped;
  };

  return {
    port,
    get connections() {
      return pairs.size;
    },
    get accepted() {
      return accepted;
    },
    swallow(bytes) {
      swallowed = bytes;
    },
    pass() {
      swallowed = null;
    },
    cut,
    refuse: stop,
    async accept() {
      if (server.listening) return;
      server = createServer(take);
      await listen(server, port);
    },
    close: stop,
  };
}
