type Listener = (...args: unknown[]) => void;

interface Emitter {
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

/** What is used of a connected client of `redis` (node-redis). */
export interface NodeRedisClient extends Emitter {
  readonly isOpen: boolean;
  readonly isReady: boolean;
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
  subscribe(channel: string, listener: (message: string) => unknown): Promise<unknown>;
  destroy(): void;
}

/** What is used of a client or cluster client of `ioredis`. */
export interface IoRedisClient extends Emitter {
  readonly status: string;
  call(command: string, ...args: string[]): Promise<unknown>;
  duplicate(): IoRedisSubscriber;
}

/** What is used of a second ioredis connection that listens. */
export interface IoRedisSubscriber extends Emitter {
  readonly status: string;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
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
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
  /** Opens a second connection and listens on `channel` with it. */
  listen(channel: string, onMessage: (message: string) => void): Listening;
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
  return {
    state() {
      if (client.status === "ready" || client.status === "wait") return "ready";
      return client.status === "end" ? "closed" : "waiting";
    },
    send: (_key, [command = "", ...args]) => client.call(command, ...args),
    on: (event, listener) => void client.on(event, listener),
    off: (event, listener) => void client.off(event, listener),
    listen(channel, onMessage) {
      const second = client.duplicate();
      second.on("message", (from, message) => {
        if (from === channel) onMessage(String(message));
      });
      return listening(
        second,
        async () => {
          if (second.status === "wait") await second.connect();
          if (second.status !== "ready") await once(second, "ready");
          await second.subscribe(channel);
        },
        () => second.disconnect(),
      );
    },
  };
}

function nodeRedis(
  client: NodeRedisClient | NodeRedisCluster,
  isReady: () => boolean,
  send: Connection["send"],
): Connection {
  return {
    state() {
      if (!client.isOpen) return "closed";
      return isReady() ? "ready" : "waiting";
    },
    send,
    on: (event, listener) => void client.on(event, listener),
    off: (event, listener) => void client.off(event, listener),
    listen(channel, onMessage) {
      const second = client.duplicate();
      return listening(
        second,
        async () => {
          await second.connect();
          await second.subscribe(channel, onMessage);
        },
        () => second.destroy(),
      );
    },
  };
}

/** The client as a {@link Connection}, or null when it is none that is known. */
export function connectionOf(client: RedisClient): Connection | null {
  if (typeof client !== "object" || client === null) return null;
  if ("call" in client && typeof client.call === "function") return ioRedis(client);
  if ("slots" in client) {
    return nodeRedis(
      client,
      () => true,
      (key, args) => client.sendCommand(key, false, [...args]),
    );
  }
  if (!("sendCommand" in client) || typeof client.sendCommand !== "function") return null;
  return nodeRedis(
    client,
    () => client.isReady,
    (_key, args) => client.sendCommand(args),
  );
}
