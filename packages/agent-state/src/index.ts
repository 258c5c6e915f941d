export type {
  AgentState,
  Branch,
  JobOptions,
  LayerView,
  MemoryPlace,
  StateCheck,
  StateRollback,
} from "./agent-state.ts";
export type { StateBacking, StateChange, StateGuard, StatePage, StateRow } from "./backing.ts";
export type { CherryPick, StateDifference } from "./compare-layers.ts";
export { createAgentState } from "./create-agent-state.ts";
export type { Erasable, EraseRequest, ErasureReceipt } from "./erasure.ts";
export type { StateAddress } from "./key-text.ts";
export { createMemoryKeyvStore, type MemoryKeyvStore } from "./keyv-adapter.ts";
export { createKeyvBacking, type KeyvLike } from "./keyv-backing.ts";
export type { LayerId, LayerState } from "./lineage.ts";
export { createMapBacking } from "./map-backing.ts";
export type { ListMemory, Memory, MemoryEntry, SetMemory } from "./memory.ts";
export type { SchemaRange } from "./schema-range.ts";
export type { FoldProgress } from "./state-jobs.ts";
export { createStateLayer } from "./state-layer.ts";
export type { AgentStateOptions } from "./state-options.ts";
export { createStoreBacking } from "./store-backing.ts";
