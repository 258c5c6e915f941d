import * as api from "@opentelemetry/api";
import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle } from "@verdigris/testing";
import { createVerdigris } from "verdigris";
import { afterEach, beforeEach, expect, it } from "vitest";
import { arrivedToken, type BaggageField, carryToken, createTelemetry } from "../src/index.ts";
import { createTracing, register, unregister } from "./otel.ts";

beforeEach(() => {
  register({ trace: createTracing("3.x", []).provider });
});
afterEach(unregister);

const baggage = () =>
  Object.fromEntries(
    (api.propagation.getActiveBaggage()?.getAllEntries() ?? []).map(([name, { value }]) => [name, value]),
  );

async function inStep<T>(
  propagate: readonly BaggageField[] | undefined,
  fn: (token: string) => T,
): Promise<T> {
  const telemetry = createTelemetry({ api, ...(propagate === undefined ? {} : { propagate }) });
  const agent = createVerdigris({
    agent: "docs",
    store: createMemoryStore(),
    bundle: aBundle("blue"),
    watch: false,
    instrument: telemetry,
  });
  try {
    return await agent.run({ key: "user-7", labels: { tenant: "acme" } }, (run) =>
      run.step("s", () => fn(run.token ?? "")),
    );
  } finally {
    await agent.close();
  }
}

it("ids and the class leave with a request, and never a key, a label or a token [TELEMETRY-PROPAGATION]", async () => {
  const [sent, token] = await inStep(undefined, (t) => [baggage(), t] as const);
  expect(sent).toEqual({
    "verdigris.bundle.id": "blue",
    "verdigris.run.id": token.split("/")[4],
    "verdigris.traffic.class": "live",
  });
});

it("only what is on the list leaves, and nothing without a list [TELEMETRY-PROPAGATION]", async () => {
  expect(await inStep(["bundle"], baggage)).toEqual({ "verdigris.bundle.id": "blue" });
  expect(await inStep([], baggage)).toEqual({});
});

it("the host's own baggage stays, and outside of the run nothing of ours is left [TELEMETRY-PROPAGATION]", async () => {
  const own = api.propagation.setBaggage(
    api.context.active(),
    api.propagation.createBaggage({ shop: { value: "7" } }),
  );
  await api.context.with(own, async () => {
    expect(await inStep(["bundle"], baggage)).toEqual({ shop: "7", "verdigris.bundle.id": "blue" });
    expect(baggage()).toEqual({ shop: "7" });
  });
});

it("a token that is carried on purpose leads the called process back to the run [TELEMETRY-PROPAGATION]", async () => {
  const store = createMemoryStore();
  const open = () => createVerdigris({ agent: "docs", store, bundle: aBundle("blue"), watch: false });
  const [caller, called] = [open(), open()];
  const id = await caller.run({}, async (run) => {
    const headers = carryToken(api, run.token ?? "", baggage);
    expect(arrivedToken(api)).toBeNull();
    const arriving = api.propagation.setBaggage(
      api.ROOT_CONTEXT,
      api.propagation.createBaggage(
        Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { value }])),
      ),
    );
    const token = api.context.with(arriving, () => arrivedToken(api));
    expect((await called.attach(token ?? "")).id).toBe(run.id);
    return run.id;
  });
  expect(id).not.toBe("");
  await Promise.all([caller.close(), called.close()]);
});

it("work goes on without the token where OpenTelemetry breaks [TELEMETRY-QUIET]", () => {
  const broken = {
    ...api,
    propagation: {
      getBaggage: () => {
        throw new Error("broken");
      },
    },
  } as never;
  expect(carryToken(broken, "vg1/x", () => 7)).toBe(7);
  expect(arrivedToken(broken)).toBeNull();
});
