import { createAgentState, createStoreBacking } from "@verdigris/agent-state";
import type { StateLayer } from "@verdigris/release";
import type { BundleId, RunScope, TrafficClass, VerdigrisOptions } from "verdigris";
import { agentName } from "./bundles.ts";

/** What the agent remembers of a question it was asked: the page it named, and the run that did. */
export type Note = { readonly page: string; readonly run: string };

/** The agent's memory: one note per question. Every bundle has a layer of its own, over that of the bundle before it. */
export interface Notebook {
  /** Gives a bundle its layer, on top of `from`. */
  branch(bundle: BundleId, from: BundleId | null): Promise<void>;
  remember(scope: RunScope, question: string, note: Note): Promise<void>;
  /** Everything a run on `bundle` would read now. */
  read(bundle: BundleId): Promise<ReadonlyMap<string, Note>>;
  /** How often runs of each class have written. */
  readonly writes: ReadonlyMap<TrafficClass, number>;
  /** What a release does with it: a rollback parks the layer. */
  readonly layer: StateLayer;
}

/** The most notes a list gives at a time; there are fewer questions. */
const page = 1_000;

/** Keeps the notebook in the agent's store. */
export function openNotebook(store: NonNullable<VerdigrisOptions<unknown>["store"]>): Notebook {
  const state = createAgentState({ backing: createStoreBacking(store, agentName) });
  const writes = new Map<TrafficClass, number>();
  return {
    branch: (bundle, from) => state.branch({ bundle, from }),
    writes,
    remember(scope, question, note) {
      writes.set(scope.class, (writes.get(scope.class) ?? 0) + 1);
      return state.memory(scope).set(question, note);
    },
    async read(bundle) {
      const memory = state.memory({ bundle, run: "reading", class: "live" });
      const entries = await memory.list({ limit: page });
      return new Map(entries.map(({ key, value }) => [key, value as Note]));
    },
    layer: {
      park: async (bundle) => void (await state.rollback(bundle)),
      promote: (bundle) => state.promote(bundle),
      canRead: async (_reader, writer) => (await state.checkRollback(writer)).ok,
    },
  };
}
