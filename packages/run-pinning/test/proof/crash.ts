import type { Store } from "@verdigris/contracts";

/** A store whose process dies at its call number `at`: before the store has seen it, or after, with the reply on its way. */
export interface MortalStore extends Store {
  readonly calls: number;
  readonly dead: boolean;
}

const never = new Promise<never>(() => {});

export function createMortalStore(store: Store, at: number, when: "before" | "after"): MortalStore {
  let calls = 0;
  let dead = false;
  const call = async <T>(run: () => Promise<T>): Promise<T> => {
    if (dead) return never;
    const mine = calls++;
    if (mine === at && when === "before") dead = true;
    if (dead) return never;
    const reply = await run();
    if (mine === at) dead = true;
    return dead ? never : reply;
  };
  return {
    get calls() {
      return calls;
    },
    get dead() {
      return dead;
    },
    capabilities: store.capabilities,
    get: (keys) => call(() => store.get(keys)),
    commit: (ops) => call(() => store.commit(ops)),
    list: (prefix, options) => call(() => store.list(prefix, options)),
    watch: () => () => {},
    close: async () => {},
  };
}

/** What work came to, or that its process died in it. */
export async function untilDeath<T>(work: Promise<T>): Promise<{ readonly value: T } | "died"> {
  let result: { readonly value: T } | "died" = "died";
  let failure: { readonly error: unknown } | null = null;
  work.then(
    (value) => {
      result = { value };
    },
    (error: unknown) => {
      failure = { error };
    },
  );
  // Everything in these worlds happens in promise callbacks: what has not answered after this never will.
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
  return result;
}
