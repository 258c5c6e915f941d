import { GrowthBookClient } from "@growthbook/growthbook";
import { basicLogger, init } from "@launchdarkly/node-server-sdk";
import { TestData } from "@launchdarkly/node-server-sdk/integrations";
import { FlagdCore } from "@openfeature/flagd-core";
import { OpenFeature, TypedInMemoryProvider } from "@openfeature/server-sdk";
import { InMemStorageProvider, Unleash } from "unleash-client";
import { murmur3 } from "./ids.ts";

/** A flag SDK that sends 10 % of ids to green, each as its own documentation has it. */
export interface Peer {
  readonly name: string;
  readonly decide: (id: string) => unknown;
  readonly isGreen: (answer: unknown) => boolean;
  readonly close: () => void;
}

const nothing = (): void => {};

async function openFeature(): Promise<Peer> {
  const canary = {
    variants: { blue: "blue", green: "green" },
    defaultVariant: "blue",
    disabled: false,
    contextEvaluator: (context: { targetingKey?: string }) =>
      (murmur3(context.targetingKey ?? "", 42) / 4_294_967_296) * 100 < 10 ? "green" : "blue",
  } as const;
  await OpenFeature.setProviderAndWait("bench", new TypedInMemoryProvider({ canary }));
  const client = OpenFeature.getClient("bench");
  return {
    name: "OpenFeature, in-memory provider, 10 % evaluator",
    decide: (id) => client.getStringValue("canary", "blue", { targetingKey: id }),
    isGreen: (answer) => answer === "green",
    close: () => {
      OpenFeature.clearProviders().catch(nothing);
    },
  };
}

function growthBook(): Peer {
  const rule = { force: true, coverage: 0.1, hashAttribute: "id", hashVersion: 2, seed: "gate" };
  const features = { gate: { defaultValue: false, rules: [rule] } };
  const client = new GrowthBookClient({}).initSync({ payload: { features } });
  return {
    name: "GrowthBook, isOn, 10 % gate",
    decide: (id) => client.isOn("gate", { attributes: { id } }),
    isGreen: (answer) => answer === true,
    close: nothing,
  };
}

async function unleash(): Promise<Peer> {
  const parameters = { rollout: "10", stickiness: "userId", groupId: "canary" };
  const strategies = [{ name: "flexibleRollout", constraints: [], parameters }];
  const flag = {
    name: "canary",
    type: "release",
    enabled: true,
    stale: false,
    impressionData: false,
    variants: [],
  };
  const client = new Unleash({
    url: "http://127.0.0.1:9/",
    appName: "bench",
    refreshInterval: 0,
    disableMetrics: true,
    disableAutoStart: true,
    skipInstanceCountWarning: true,
    storageProvider: new InMemStorageProvider(),
    bootstrapOverride: true,
    bootstrap: { data: [{ ...flag, strategies }] },
  });
  client.on("error", nothing);
  await client.start();
  // start() resolves a turn before evaluation is live.
  await new Promise((resolve) => setImmediate(resolve));
  return {
    name: "Unleash, isEnabled, flexible rollout 10 %",
    decide: (id) => client.isEnabled("canary", { userId: id }),
    isGreen: (answer) => answer === true,
    close: () => client.destroy(),
  };
}

async function launchDarkly(): Promise<Peer> {
  const data = new TestData();
  const variations = [
    { variation: 0, weight: 90_000 },
    { variation: 1, weight: 10_000 },
  ];
  await data.usePreconfiguredFlag({
    key: "canary",
    version: 1,
    on: true,
    salt: "s1",
    variations: ["blue", "green"],
    offVariation: 0,
    targets: [],
    rules: [],
    prerequisites: [],
    fallthrough: { rollout: { kind: "rollout", contextKind: "user", variations } },
  });
  const client = init("sdk-offline", {
    updateProcessor: data.getFactory(),
    sendEvents: false,
    diagnosticOptOut: true,
    logger: basicLogger({ level: "none" }),
  });
  await client.waitForInitialization({ timeout: 5 });
  return {
    name: "LaunchDarkly, variation, TestData 10 % rollout",
    decide: (id) => client.variation("canary", { kind: "user", key: id }, "blue"),
    isGreen: (answer) => answer === "green",
    close: () => client.close(),
  };
}

function flagd(): Peer {
  const core = new FlagdCore();
  const byKey = { cat: [{ var: "$flagd.flagKey" }, { var: "targetingKey" }] };
  const targeting = { fractional: [byKey, ["blue", 9_000], ["green", 1_000]] };
  const canary = {
    state: "ENABLED",
    variants: { blue: "blue", green: "green" },
    defaultVariant: "blue",
    targeting,
  };
  core.setConfigurations(JSON.stringify({ flags: { canary } }));
  return {
    name: "flagd-core, resolveString, fractional 10 %",
    decide: (id) => core.resolveStringEvaluation("canary", "blue", { targetingKey: id }),
    isGreen: (answer) => (answer as { value: string }).value === "green",
    close: nothing,
  };
}

/** The peers, each checked to split: one that answered everybody alike would look fast. */
export async function openPeers(ids: readonly string[]): Promise<readonly Peer[]> {
  const peers = [await openFeature(), growthBook(), await unleash(), await launchDarkly(), flagd()];
  for (const { name, decide, isGreen } of peers) {
    let green = 0;
    for (const id of ids) if (isGreen(await decide(id))) green++;
    const share = (green / ids.length) * 100;
    if (!(share > 8 && share < 12))
      throw new Error(`${name} sends ${share.toFixed(1)} % to green, not about 10 %`);
  }
  return peers;
}
