import type { Store, StoreHint } from "@verdigris/contracts";
import { expect } from "vitest";
import { commitAll, create, read, type StoreCheck, type StoreCheckContext } from "./context.ts";

const defaultHintWithinMs = 5_000;

interface Watching {
  readonly hints: readonly StoreHint[];
  /** Resolves with the first hint after the `seen`-th that fits; fails the check when none comes. */
  next(what: string, fits: (hint: StoreHint) => boolean, seen?: number): Promise<StoreHint>;
  stop(): void;
}

function watch({ store, options }: StoreCheckContext, prefix: string): Watching {
  const patienceMs = options.hintWithinMs ?? defaultHintWithinMs;
  const hints: StoreHint[] = [];
  const waiting = new Set<() => void>();
  const stop = store.watch(prefix, (hint) => {
    hints.push(hint);
    for (const look of waiting) look();
  });
  return {
    hints,
    stop,
    next: (what, fits, seen = 0) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error(`no hint within ${patienceMs} ms: ${what}; seen ${JSON.stringify(hints)}`));
        }, patienceMs);
        const look = (): void => {
          const found = hints.slice(seen).find(fits);
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

const isResync = (hint: StoreHint): boolean => hint.type === "resync";
/** A hint after which a careful reader reads the key again. */
const concerns =
  (key: string) =>
  (hint: StoreHint): boolean =>
    hint.type === "resync" || (hint.type === "change" && hint.key === key);

/** Several calls and turns of the event loop: time enough for a hint that should not come. */
async function linger(store: Store, key: string): Promise<void> {
  for (let n = 0; n < 5; n += 1) {
    await read(store, key);
    await new Promise((resolve) => {
      setTimeout(resolve, 0);
    });
  }
}

export const watchingChecks: readonly StoreCheck[] = [
  {
    name: "watching begins with resync, after watch has returned [STORE-WATCH]",
    async run(context) {
      const { prefix } = context;
      const watching = watch(context, prefix);
      expect(watching.hints, "no hint before watch has returned").toEqual([]);
      await watching.next("resync at the beginning", isResync);
      expect(watching.hints[0]).toEqual({ type: "resync" });
      watching.stop();
    },
  },
  {
    name: "a commit under the prefix is hinted at",
    applies: ({ push }) => push,
    async run(context) {
      const { store, prefix } = context;
      const key = `${prefix}a`;
      const watching = watch(context, prefix);
      await watching.next("resync at the beginning", isResync);
      let seen = watching.hints.length;
      const rev = await create(store, key);
      await watching.next("after a put", concerns(key), seen);
      seen = watching.hints.length;
      await commitAll(store, { op: "del", key, rev });
      await watching.next("after a del", concerns(key), seen);
      watching.stop();
    },
  },
  {
    name: "a commit that checks one key and creates another, as a start does, is hinted at where the new key is announced",
    applies: ({ push, multiKey }) => push && multiKey,
    async run(context) {
      const { store, prefix } = context;
      const [route, key] = [`${prefix}r/route`, `${prefix}r/audit/0000000001`];
      const watching = watch(context, prefix);
      let rev = await create(store, route);
      // Until changes arrive one by one, a resync may still come that would stand for the hint.
      for (let seen = 0; watching.hints.slice(seen).every(isResync); ) {
        seen = watching.hints.length;
        const { revs } = await commitAll(store, { op: "put", key: route, rev, value: "1" });
        rev = revs[0] ?? 0;
        await watching.next("after a put", concerns(route), seen);
      }
      const seen = watching.hints.length;
      await commitAll(store, { op: "check", key: route, rev }, { op: "put", key, rev: 0, value: "1" });
      await watching.next("after the put", concerns(key), seen);
      watching.stop();
    },
  },
  {
    name: "a commit of another handle is hinted at [STORE-WATCH]",
    applies: ({ push, crossProcess }) => push && crossProcess,
    async run(context) {
      const { prefix } = context;
      const peer = await context.peer();
      const watching = watch(context, prefix);
      await watching.next("resync at the beginning", isResync);
      const seen = watching.hints.length;
      await create(peer, `${prefix}a`);
      await watching.next("after a put of the other handle", concerns(`${prefix}a`), seen);
      watching.stop();
    },
  },
  {
    name: "what a hint speaks of can be read when it arrives",
    applies: ({ push }) => push,
    async run(context) {
      const { store, prefix } = context;
      const key = `${prefix}a`;
      const watching = watch(context, prefix);
      await watching.next("resync at the beginning", isResync);
      const seen = watching.hints.length;
      const committing = create(store, key);
      await watching.next("after a put", concerns(key), seen);
      expect(await read(store, key)).not.toBeNull();
      await committing;
      watching.stop();
    },
  },
  {
    name: "no change names a key outside the prefix",
    async run(context) {
      const { store, prefix } = context;
      const watching = watch(context, `${prefix}in/`);
      await watching.next("resync at the beginning", isResync);
      await create(store, `${prefix}out`);
      await create(store, `${prefix}in/a`);
      await linger(store, `${prefix}in/a`);
      const named = watching.hints.flatMap((hint) => (hint.type === "change" ? [hint.key] : []));
      expect(named.filter((key) => key !== `${prefix}in/a`)).toEqual([]);
      watching.stop();
    },
  },
  {
    name: "a store without push sends nothing but resync",
    applies: ({ push }) => !push,
    async run(context) {
      const { store, prefix } = context;
      const watching = watch(context, prefix);
      await watching.next("resync at the beginning", isResync);
      await create(store, `${prefix}a`);
      await linger(store, `${prefix}a`);
      expect(watching.hints.filter((hint) => !isResync(hint))).toEqual([]);
      watching.stop();
    },
  },
  {
    name: "no hint arrives after watching has stopped, and stopping twice is harmless",
    async run(context) {
      const { store, prefix } = context;
      const early = watch(context, prefix);
      early.stop();
      const watching = watch(context, prefix);
      await watching.next("resync at the beginning", isResync);
      watching.stop();
      watching.stop();
      const seen = watching.hints.length;
      await create(store, `${prefix}a`);
      await linger(store, `${prefix}a`);
      expect(watching.hints.length).toBe(seen);
      expect(early.hints, "stopped before the first hint").toEqual([]);
    },
  },
  {
    name: "a listener that throws harms neither the commit nor other listeners [STORE-WATCH]",
    applies: ({ push }) => push,
    async run(context) {
      const { store, prefix } = context;
      const stop = store.watch(prefix, () => {
        throw new Error("the listener's own failure");
      });
      const watching = watch(context, prefix);
      await watching.next("resync at the beginning", isResync);
      const seen = watching.hints.length;
      await create(store, `${prefix}a`);
      await watching.next("after a put", concerns(`${prefix}a`), seen);
      stop();
      watching.stop();
    },
  },
];
