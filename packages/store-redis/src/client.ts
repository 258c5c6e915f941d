type Listener = (...args: unknown[]) => void;

interface Emitter {
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

/** What is used of a connected client of `redis` (node-redis). */
export interface NodeRedisClient extends Emitter {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  destroy(): void;
  sendCommand(args: readonly string[]): Promise<unknown>;
  duplicate(): NodeRedisSubscriber;
}

/** What is used of a connected cluster client of `redis` (node-redis). */
export interface NodeRedisCluster extends Emitter {
  readonly isOpen: boolean;
  readonly slots: readonly unknown[];
  sendCommand(firstKey: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>;
  duplicate(): NodeRedisSubscriber;
}

/** What is used of a second node-redis connection that listens. */
export interface NodeRedisSubscriber extends Emitter {
  connect(): Promise<unknown>;
  subscribe(channels: string[], listener: (message: string, channel: string) => unknown): Promise<unknown>;
  destroy(): void;
}

/** What is used of a client or cluster client of `ioredis`. */
export interface IoRedisClient extends Emitter {
  readonly status: string;
  /** True for a cluster client. */
  readonly isCluster: boolean;
  call(command: string, ...args: string[]): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  duplicate(): IoRedisSubscriber;
}

/** What is used of a second ioredis connection that listens. */
export interface IoRedisSubscriber extends Emitter {
  readonly status: string;
  connect(): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  disconnect(): void;
}

/** A client made, connected and closed by the caller. */
export type RedisClient = NodeRedisClient | NodeRedisCluster | IoRedisClient;

/** The few things the store does with a client, whichever it is. */
export interface Connection {
  /** `ready`, or `waiting` while the client connects again, or `closed` when only its owner can open it again. */
  state(): "ready" | "waiting" | "closed";
  /** Sends a command whose keys share the slot of `key`. */
  send(key: string, args: readonly string[]): Promise<unknown>;
  /** One function per server that may come to hold the data, to ask it what it is. */
  servers(): readonly ((args: readonly string[]) => Promise<unknown>)[];
  /** Whether commands that name no key go over the connection that commits go over. */
  readonly isOneConnection: boolean;
  /** Gives up a connection over which nothing comes back, and makes the client open another one. */
  renew(): void;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
  /** Opens a second connection and listens on `channels` with it. */
  listen(channels: readonly string[], onMessage: (message: string, channel: string) => void): Listening;
}

/** A second connection, made for listening alone. */
export interface Listening {
  /** Resolves when the server has confirmed the subscription. */
  readonly confirmed: Promise<void>;
  /** Calls `fn` once the connection is in trouble. */
  onTrouble(fn: () => void): void;
  close(): void;
}

/** Everything either client emits when a connection it may have sent a command on is gone. */
export const troubles = [
  "error",
  "close",
  "end",
  "reconnecting",
  "-node",
  "node error",
  "node-error",
  "node-disconnect",
  "node-reconnecting",
] as const;

interface IoRedisNodes {
  nodes(role: "master"): readonly Pick<IoRedisClient, "call">[];
}

const ignore = (): void => undefined;

function listening(
  emitter: Emitter,
  confirm: () => Promise<unknown>,
  end: () => void,
  subscribed: () => void = ignore,
): Listening {
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    try {
      end();
    } catch {
      // It never was open.
    }
  };
  // An emitter without a listener for errors would end the process.
  for (const event of troubles) emitter.on(event, ignore);
  const confirmed = confirm().then(subscribed);
  confirmed.catch(ignore);
  return {
    confirmed,
    onTrouble(fn) {
      for (const event of troubles) emitter.on(event, () => closed || fn());
    },
    close,
  };
}

function once(emitter: Emitter, event: string): Promise<void> {
  return new Promise((resolve) => {
    const listener = (): void => {
      emitter.off(event, listener);
      resolve();
    };
    emitter.on(event, listener);
  });
}

function ioRedis(client: IoRedisClient): Connection {
  const send = (args: readonly string[], to: Pick<IoRedisClient, "call"> = client): Promise<unknown> => {
    return to.call(...(args as readonly [string, ...string[]]));
  };
  return {
    state() {
      if (client.status === "ready" || client.status === "wait") return "ready";
      return client.status === "end" ? "closed" : "waiting";
    },
    send: (_key, args) => send(args),
    servers() {
      // A command without a key would go to any node of a cluster.
      const nodes = "nodes" in client ? (client as unknown as IoRedisNodes).nodes("master") : [client];
      return nodes.map((node) => (args) => send(args, node));
    },
    isOneConnection: !client.isCluster,
    renew: () => client.disconnect(true),
    on: (event, listener) => void client.on(event, listener),
    off: (event, listener) => void client.off(event, listener),
    listen(channels, onMessage) {
      const second = client.duplicate();
      second.on("message", (channel, message) => onMessage(String(message), String(channel)));
      return listening(
        second,
        async () => {
          if (second.status === "wait") await second.connect();
          if (second.status !== "ready") await once(second, "ready");
          await second.subscribe(...channels);
        },
        () => second.disconnect(),
      );
    },
  };
}

interface NodeRedisParts {
  isReady(): boolean;
  send(key: string, args: readonly string[]): Promise<unknown>;
  renew(): void;
}

function nodeRedis(
  client: NodeRedisClient | NodeRedisCluster,
  anyKey: string,
  { isReady, send, renew }: NodeRedisParts,
): Connection {
  return {
    state() {
      if (!client.isOpen) return "closed";
      return isReady() ? "ready" : "waiting";
    },
    send,
    // A cluster client sends a command to the node of the key that is named beside it.
    servers: () => [(args) => send(anyKey, args)],
    isOneConnection: true,
    renew,
    on: (event, listener) => void client.on(event, listener),
    off: (event, listener) => void client.off(event, listener),
    listen(channels, onMessage) {
      const second = client.duplicate();
      return listening(
        second,
        async () => {
          await second.connect();
          await second.subscribe([...channels], onMessage);
        },
        () => second.destroy(),
      );
    },
  };
}

/** The client as a {@link Connection}, or null when it is none that is known. `anyKey` lies in the slot of the data. */
export function connectionOf(client: RedisClient, anyKey: string): Connection | null {
  if (typeof client !== "object" || client === null) return null;
  if ("call" in client && typeof client.call === "function") return ioRedis(client);
  if ("slots" in client) {
    return nodeRedis(client, anyKey, {
      isReady: () => true,
      send: (key, args) => client.sendCommand(key, false, [...args]),
      // Its nodes are not ours to close one by one; their own time-outs end a silent connection.
      renew: ignore,
    });
  }
  if (!("sendCommand" in client) || typeof client.sendCommand !== "function") return null;
  return nodeRedis(client, anyKey, {
    isReady: () => client.isReady,
    send: (_key, args) => client.sendCommand(args),
    renew() {
      client.destroy();
      client.connect().catch(ignore);
    },
  });
}
