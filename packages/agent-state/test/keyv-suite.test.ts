import keyvTestSuite, { keyvIteratorTests } from "@keyv/test-suite";
import Keyv from "keyv";
import * as vitest from "vitest";
import { describe, expect, it } from "vitest";
import {
  createAgentState,
  createMapBacking,
  createMemoryKeyvStore,
  type MemoryKeyvStore,
} from "../src/index.ts";
import { createWorld, memoryOf, viewOf } from "./world.ts";

/** Green's memory over blue's, where what blue holds must neither show nor be touched. */
function storesOver(mode: "segment" | "version"): () => MemoryKeyvStore {
  const state = createAgentState({
    backing: createMapBacking(),
    mode,
    lineage: (bundle) => (bundle === "green" ? "blue" : null),
  });
  void state.branch({ bundle: "blue", from: null });
  return () => createMemoryKeyvStore(memoryOf(state, "green"));
}

describe.each(["segment", "version"] as const)("keyv's own suite over a memory in %s mode", (mode) => {
  keyvTestSuite(vitest, Keyv as never, storesOver(mode));
  keyvIteratorTests(vitest, Keyv as never, storesOver(mode));
});

it("code that takes a keyv keeps its interface, and what it writes goes with the bundle", async () => {
  const { state } = createWorld("a store");
  await state.branch({ bundle: "blue", from: null });
  await memoryOf(state, "blue").set("keyv:theirs", JSON.stringify({ value: 1 }));
  await state.branch({ bundle: "green", from: "blue" });
  const keyv = new Keyv({ store: createMemoryKeyvStore(memoryOf(state, "green")) });
  expect(await keyv.get("theirs")).toBe(1);
  await keyv.set("mine", { a: 2 });
  await keyv.clear();
  expect(await keyv.get("theirs")).toBeUndefined();
  await state.rollback("green");
  expect(await viewOf(state, "blue")).toEqual({ "keyv:theirs": '{"value":1}' });
});
