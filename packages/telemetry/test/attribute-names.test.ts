import { readFileSync } from "node:fs";
import { tokenToBaggage } from "verdigris";
import { expect, it } from "vitest";
import { baggageTokenName } from "../src/attribute-names.ts";
import { attributeNames, signalNames } from "../src/index.ts";

interface Entry {
  readonly name: string;
  readonly kind: "attribute" | "event" | "metric";
  readonly stability: string;
  readonly members?: readonly string[];
}

const registry = JSON.parse(readFileSync(new URL("fixtures/otel-names.json", import.meta.url), "utf8")) as {
  readonly names: readonly Entry[];
  readonly superseded: Readonly<Record<string, string>>;
};
const known = new Map(registry.names.map((entry) => [entry.name, entry]));
const attributes: readonly string[] = Object.values(attributeNames);
const signals: readonly string[] = Object.values(signalNames);
const isForeign = (name: string): boolean => !name.startsWith("verdigris.");

it.each(attributes.filter(isForeign))(
  "%s is an attribute of OpenTelemetry's registries [TELEMETRY-NAMES]",
  (name) => {
    expect(known.get(name)).toMatchObject({ kind: "attribute" });
    expect(["stable", "release_candidate", "development"]).toContain(known.get(name)?.stability);
  },
);

it.each(signals.filter(isForeign))(
  "%s is an event or metric of OpenTelemetry's registries [TELEMETRY-NAMES]",
  (name) => {
    expect(["event", "metric"]).toContain(known.get(name)?.kind);
  },
);

it("no name has been superseded by another [TELEMETRY-NAMES]", () => {
  const superseded = Object.keys(registry.superseded);
  expect(superseded.length).toBeGreaterThanOrEqual(3);
  expect([...attributes, ...signals].filter((name) => superseded.includes(name))).toEqual([]);
});

it("the routing decision rests on names that are about to be stable [TELEMETRY-NAMES]", () => {
  const routing = [...attributes, ...signals].filter((name) => name.startsWith("feature_flag."));
  expect(routing.length).toBeGreaterThanOrEqual(6);
  expect(new Set(routing.map((name) => known.get(name)?.stability))).toEqual(new Set(["release_candidate"]));
  expect(known.get(attributeNames.errorType)?.stability).toBe("stable");
});

it("no name is used twice, and ours stay out of other namespaces [TELEMETRY-NAMES]", () => {
  const names = [...attributes, ...signals];
  expect(new Set(names).size).toBe(names.length);
  expect(names.every((name) => /^(verdigris|gen_ai|feature_flag|error)\./.test(name))).toBe(true);
});

it("a token travels under the name the umbrella gives it [TELEMETRY-PROPAGATION]", () => {
  expect(tokenToBaggage("vg1/x")).toBe(`${baggageTokenName}=vg1/x`);
});
