import { expect, it } from "vitest";
import { requirements } from "../src/requirements.ts";
import { filesBelow, read } from "./workspace.ts";

const citation = /\[((?:I\d+|[A-Z0-9]+(?:-[A-Z0-9]+)+))\]/g;

function cited(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const files = [
    ...filesBelow("packages", ".test.ts"),
    ...filesBelow("packages/testing/src/conformance", ".ts"),
  ].filter((file) => !file.startsWith("packages/acceptance/test/requirements"));
  for (const file of files) {
    for (const [, id] of read(file).matchAll(citation)) {
      found.set(id ?? "", [...(found.get(id ?? "") ?? []), file]);
    }
  }
  return found;
}

it("cites every promise in at least one test", () => {
  const found = cited();
  expect(Object.keys(requirements).filter((id) => !found.has(id))).toEqual([]);
});

it("cites only promises that exist", () => {
  const unknown = [...cited()].filter(([id]) => !(id in requirements));
  expect(unknown).toEqual([]);
});

it("says each promise in one sentence", () => {
  for (const sentence of Object.values(requirements)) expect(sentence).toMatch(/^[A-Z].{20,200}\.$/s);
});
