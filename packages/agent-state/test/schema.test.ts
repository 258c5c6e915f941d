import { expect, it } from "vitest";
import { createStateLayer } from "../src/index.ts";
import { createWorld, memoryOf, viewOf } from "./world.ts";

const one = { reads: [1, 1], writes: 1 } as const;
const two = { reads: [1, 2], writes: 2 } as const;
const onlyTwo = { reads: [2, 2], writes: 2 } as const;
const carry = { namespaces: { facts: { onRollback: "carry" } } } as const;

it("a bundle that could not read the memory it goes on from is refused beforehand [STATE-SCHEMA]", async () => {
  const { state } = createWorld("a store");
  await state.branch({ bundle: "blue", from: null, schema: one });
  expect(await state.checkSwitch({ from: "blue", schema: two })).toEqual({ ok: true });
  expect(await state.checkSwitch({ from: "blue", schema: onlyTwo })).toMatchObject({ ok: false, found: [1] });
  await expect(state.branch({ bundle: "green", from: "blue", schema: onlyTwo })).rejects.toMatchObject({
    code: "schema-unreadable",
  });
  await state.branch({ bundle: "green", from: "blue", schema: two });
  expect(await state.checkSwitch({ from: "green", schema: one })).toMatchObject({ ok: false, found: [2] });
});

it("what was promoted binds those that come after [STATE-SCHEMA]", async () => {
  const { state } = createWorld("a store");
  await state.branch({ bundle: "blue", from: null, schema: one });
  await state.branch({ bundle: "green", from: "blue", schema: two });
  expect(await state.checkSwitch({ from: null, schema: one })).toEqual({ ok: true });
  await state.promote("green");
  expect(await state.checkSwitch({ from: null, schema: one })).toMatchObject({ ok: false, found: [2] });
  expect(await state.checkSwitch({ from: null, schema: onlyTwo })).toMatchObject({ ok: false, found: [1] });
  expect(await state.checkSwitch({ from: null, schema: two })).toEqual({ ok: true });
});

it("a rollback that would hand on what the bundle below cannot read says so, and can park all of it [STATE-SCHEMA]", async () => {
  const { state } = createWorld("a store", carry);
  await state.branch({ bundle: "blue", from: null, schema: one });
  await state.branch({ bundle: "green", from: "blue", schema: two });
  await memoryOf(state, "green", { namespace: "facts" }).set("a", 1);
  expect(await state.checkRollback("green")).toMatchObject({ ok: false, found: [2] });
  await expect(state.rollback("green")).rejects.toMatchObject({ code: "schema-unreadable" });
  expect((await state.layers()).map((layer) => layer.state)).toEqual(["open", "open"]);
  await state.rollback("green", { carry: false });
  expect(await viewOf(state, "blue", { namespace: "facts" })).toEqual({});
});

it("a rollback that carries nothing is always readable", async () => {
  const { state } = createWorld("a store");
  await state.branch({ bundle: "blue", from: null, schema: one });
  await state.branch({ bundle: "green", from: "blue", schema: two });
  expect(await state.checkRollback("green")).toEqual({ ok: true });
  await state.rollback("green");
});

it("a value of a schema the bundle does not read is refused, not guessed at", async () => {
  const { state, backing } = createWorld("a store");
  await state.branch({ bundle: "blue", from: null, schema: one });
  const blue = memoryOf(state, "blue");
  await blue.set("a", 1);
  const [row] = await backing.list("layer/", { limit: 1 });
  await backing.write([{ key: row?.key ?? "", text: (row?.text ?? "").replace('"schema":1', '"schema":7') }]);
  await expect(blue.get("a")).rejects.toMatchObject({ code: "schema-unreadable", details: { found: [7] } });
  await expect(blue.list()).rejects.toMatchObject({ code: "schema-unreadable" });
});

it("a cherry-pick of a schema the target does not read copies nothing", async () => {
  const { state } = createWorld("a store");
  await state.branch({ bundle: "blue", from: null, schema: one });
  await state.branch({ bundle: "green", from: "blue", schema: two });
  await memoryOf(state, "green").set("a", 1);
  await state.rollback("green");
  const keys = [{ namespace: "memory", subject: null, key: "a" }];
  await expect(state.cherryPick({ from: "green", into: "blue", keys })).rejects.toMatchObject({
    code: "schema-unreadable",
  });
  expect(await viewOf(state, "blue")).toEqual({});
});

it("a release parks, promotes and asks through one port, safe to repeat [STATE-SCHEMA]", async () => {
  const { state } = createWorld("a store", carry);
  const layer = createStateLayer(state);
  // Nobody has asked for the memory yet.
  for (const verb of ["park", "promote"] as const) await layer[verb]("blue");
  expect(await layer.canRead("blue", "green")).toBe(true);
  await state.branch({ bundle: "blue", from: null, schema: one });
  await memoryOf(state, "blue").set("a", 1);
  await state.branch({ bundle: "green", from: "blue", schema: two });
  expect(await layer.canRead("blue", "green")).toBe(false);
  await expect(layer.park("green")).rejects.toMatchObject({ code: "schema-unreadable" });
  await state.branch({ bundle: "next", from: "blue", schema: one });
  expect(await layer.canRead("blue", "next")).toBe(true);
  await memoryOf(state, "next").set("a", 2);
  for (let twice = 0; twice < 2; twice += 1) await layer.park("next");
  expect(await viewOf(state, "blue")).toEqual({ a: 1 });
  await memoryOf(state, "green").set("a", 3);
  for (let twice = 0; twice < 2; twice += 1) await layer.promote("green");
  expect(await viewOf(state, "green")).toEqual({ a: 3 });
  expect((await state.layers()).filter((view) => view.state === "open")).toHaveLength(1);
});

it("refuses a range that makes no sense", async () => {
  const { state } = createWorld("a Map");
  const bad = [
    { reads: [2, 1], writes: 1 },
    { reads: [1, 1], writes: 2 },
    { reads: [0, 1], writes: 1 },
    { reads: [1], writes: 1 },
    {},
  ];
  for (const schema of bad) {
    await expect(state.branch({ bundle: "b", from: null, schema: schema as never })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  }
});
