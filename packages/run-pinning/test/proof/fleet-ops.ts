import type { RouteMove } from "@verdigris/contracts";
import type { Run } from "@verdigris/run-pinning";
import fc from "fast-check";
import { outcomeOf } from "./explorer.ts";
import { bundleIds, checkPins, type Fleet, type Held, must } from "./fleet.ts";
import { ana, type Pipeline } from "./process.ts";

/** One thing that happens to a fleet. Numbers pick by position, modulo what there is. */
export type Op =
  | {
      readonly do: "start";
      readonly at: number;
      readonly parent: number | null;
      readonly id: number | null;
      readonly maxAgeMs: number | null;
    }
  | { readonly do: "name"; readonly at: number; readonly bundle: number }
  | { readonly do: "step" | "finish" | "park" | "lose"; readonly run: number }
  | { readonly do: "extend"; readonly run: number; readonly byMs: number }
  | { readonly do: "migrate"; readonly run: number; readonly bundle: number }
  | { readonly do: "resume"; readonly run: number; readonly at: number; readonly takeover: boolean }
  | {
      readonly do: "move";
      readonly at: number;
      readonly verb: "stage" | "flip";
      readonly bundle: number;
      readonly maxAgeMs: number | null;
    }
  | { readonly do: "aim"; readonly at: number; readonly percent: number }
  | { readonly do: "settle" | "rollback" | "drop" | "refresh" | "sweep"; readonly at: number }
  | { readonly do: "recycle"; readonly at: number; readonly bundle: number }
  | { readonly do: "report"; readonly at: number; readonly bundle: number }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "sleep"; readonly at: number; readonly ms: number }
  | { readonly do: "jump"; readonly at: number; readonly ms: number };

const at = fc.nat(2);
const pick = fc.nat(20);
const bundle = fc.nat(bundleIds.length - 1);
const ages = fc.constantFrom(60_000, 600_000, 3_600_000, 7_200_000);

const kinds = {
  start: fc.record({
    do: fc.constant("start" as const),
    at,
    parent: fc.option(pick, { freq: 2 }),
    id: fc.option(fc.nat(3), { freq: 3 }),
    maxAgeMs: fc.option(ages, { freq: 3 }),
  }),
  name: fc.record({ do: fc.constant("name" as const), at, bundle }),
  run: fc.record({
    do: fc.constantFrom("step" as const, "finish" as const, "park" as const, "lose" as const),
    run: pick,
  }),
  step: fc.record({ do: fc.constant("step" as const), run: pick }),
  extend: fc.record({
    do: fc.constant("extend" as const),
    run: pick,
    byMs: fc.integer({ min: 1, max: 20_000_000 }),
  }),
  migrate: fc.record({ do: fc.constant("migrate" as const), run: pick, bundle }),
  resume: fc.record({ do: fc.constant("resume" as const), run: pick, at, takeover: fc.boolean() }),
  move: fc.record({
    do: fc.constant("move" as const),
    at,
    verb: fc.constantFrom("stage" as const, "flip" as const),
    bundle,
    maxAgeMs: fc.option(ages, { freq: 3 }),
  }),
  aim: fc.record({ do: fc.constant("aim" as const), at, percent: fc.constantFrom(0, 10, 50, 100) }),
  route: fc.record({
    do: fc.constantFrom(
      "settle" as const,
      "rollback" as const,
      "drop" as const,
      "refresh" as const,
      "sweep" as const,
    ),
    at,
  }),
  recycle: fc.record({ do: fc.constant("recycle" as const), at, bundle }),
  report: fc.record({ do: fc.constant("report" as const), at, bundle }),
  pass: fc.record({
    do: fc.constant("pass" as const),
    ms: fc.constantFrom(500, 30_000, 300_000, 1_800_000, 3_700_000),
  }),
  sleep: fc.record({
    do: fc.constant("sleep" as const),
    at,
    ms: fc.constantFrom(500, 5_000, 600_000, 4_000_000),
  }),
  jump: fc.record({ do: fc.constant("jump" as const), at, ms: fc.constantFrom(900, 60_000, 3_600_000) }),
};

export type Kind = keyof typeof kinds;

/** Sequences of things that happen, `more` of some kinds. */
export function happenings(more: Partial<Record<Kind, number>>, length = 40): fc.Arbitrary<Op[]> {
  const weighted = (Object.keys(kinds) as Kind[]).map((kind) => ({
    weight: more[kind] ?? 2,
    arbitrary: kinds[kind] as fc.Arbitrary<Op>,
  }));
  return fc.array(fc.oneof(...weighted), { minLength: 5, maxLength: length });
}

/** What may refuse a call in these worlds; anything else is a failure of the code. */
const refusals = new Set([
  "run-expired",
  "run-finished",
  "run-superseded",
  "run-unknown",
  "bundle-not-on-route",
  "bundle-sealed",
]);

async function attempt<T>(call: Promise<T>): Promise<T | null> {
  const outcome = await outcomeOf(call);
  if (outcome.ok) return outcome.value;
  must(refusals.has(outcome.code), "no promise", `an unexpected refusal: ${outcome.code}`);
  return null;
}

function choose<T>(from: readonly T[], position: number): T | undefined {
  return from[position % Math.max(1, from.length)];
}

async function step({ run }: Held, fleet: Fleet): Promise<void> {
  await attempt(
    run.step("step", ({ pipeline, bundle: whole, scope }) => {
      const of = pipeline.bundle;
      const pieces = [
        of.code.commit,
        of.prompts.system?.version,
        of.models.planner?.snapshot,
        of.indexes.docs?.version,
        of.tools.search?.version,
        whole.id,
        scope.bundle,
        run.scope.bundle,
      ];
      must(new Set(pieces).size === 1, "I1", `a step of ${run.id} saw ${pieces.join(", ")}`);
      must(pipeline.up, "SDK-UNLOAD", `a step of ${run.id} ran on a pipeline that was taken down`);
      // A clock that parted by less than a second is believed.
      must(
        fleet.truth.now() <= (run.deadline ?? 0) + 1_000,
        "I8",
        `a step of ${run.id} began after its deadline`,
      );
    }),
  );
}

async function start(op: Op & { do: "start" }, fleet: Fleet): Promise<void> {
  const parent = op.parent === null ? undefined : choose(fleet.held, op.parent)?.run;
  const before = fleet.route().generation;
  const pins = await fleet.pins();
  const known = new Set(pins.map(({ run }) => run));
  const started = await attempt(
    fleet.processes[op.at]!.pinning.start({
      ...(parent === undefined ? {} : { parent: op.at % 2 === 0 ? parent : String(parent.token) }),
      ...(op.id === null ? {} : { id: `job-${op.id}` }),
      ...(op.maxAgeMs === null ? {} : { maxAgeMs: op.maxAgeMs }),
    }),
  );
  if (started === null || !started.placed) return;
  const { run } = started;
  fleet.held.push({ run, at: op.at });
  if (known.has(run.id)) return;
  const pin = (await fleet.pins()).find((record) => record.run === run.id);
  must(pin !== undefined, "RUN-PIN-AT-ACCEPT", `${run.id} was accepted without a pin`);
  must(
    pin?.generation === before,
    "I4",
    `${run.id} was accepted on generation ${pin?.generation}, not ${before}`,
  );
  if (parent === undefined) {
    const { live, candidate, stable } = fleet.route();
    must([live, candidate, stable].includes(run.scope.bundle), "I4", `${run.id} went to ${run.scope.bundle}`);
    return;
  }
  // By token the pin decides; by handle what the handle knows, which a newer owner may have moved on from.
  const of = pins.find((record) => record.run === parent.id);
  const latest = Math.max(parent.deadline ?? 0, of?.deadline ?? 0);
  must((run.deadline ?? 0) <= latest, "I14", `${run.id} may outlive its parent`);
  must(
    [parent.scope.bundle, of?.bundle].includes(run.scope.bundle),
    "I14",
    `${run.id} left its parent's bundle`,
  );
}

async function finish({ run }: Held, fleet: Fleet): Promise<void> {
  const result = await run.finish({ outcome: "completed" });
  if (result !== "finished" || fleet.finished.get(run.id) === -1) return;
  fleet.held.splice(0, fleet.held.length, ...fleet.held.filter((held) => held.run !== run));
  const times = (fleet.finished.get(run.id) ?? 0) + 1;
  fleet.finished.set(run.id, times);
  must(times === 1, "I2", `${run.id} was finished by ${times} owners`);
}

type RouteOp = Exclude<
  Extract<Op, { readonly at: number }>,
  { readonly do: "start" | "resume" | "sleep" | "jump" }
>;

async function onRun(op: Extract<Op, { readonly run: number }>, fleet: Fleet): Promise<void> {
  const held = choose(fleet.held, op.run);
  if (held === undefined || fleet.machines[held.at]?.asleep === true) return;
  const { run } = held;
  switch (op.do) {
    case "step":
      return step(held, fleet);
    case "finish":
      return finish(held, fleet);
    case "lose":
      fleet.held.splice(fleet.held.indexOf(held), 1);
      return;
    case "park":
      await attempt((async () => run.park())());
      return;
    case "extend":
      await attempt(run.extend(op.byMs));
      return;
    case "migrate":
      await attempt(run.migrate({ to: bundleIds[op.bundle]!, reason: "proof" }));
      return;
    case "resume":
      await resume(run, op, fleet);
  }
}

async function resume(run: Run<Pipeline>, op: Op & { do: "resume" }, fleet: Fleet): Promise<void> {
  const epoch = Number(run.token?.split("/")[5]);
  const resumed = await attempt(
    fleet.processes[op.at]!.pinning.resume(String(run.token), { takeover: op.takeover }),
  );
  if (resumed === null) return;
  fleet.held.push({ run: resumed, at: op.at });
  must(Number(resumed.token?.split("/")[5]) > epoch, "I2", `${run.id} changed hands without a new epoch`);
}

async function move(op: RouteOp, fleet: Fleet): Promise<void> {
  const process = fleet.processes[op.at]!;
  const make = async (asked: RouteMove): Promise<void> => {
    const result = await process.move(asked);
    if (result.outcome === "conflict") await process.router.refresh();
  };
  switch (op.do) {
    case "move":
      return make({
        verb: op.verb,
        bundle: bundleIds[op.bundle]!,
        supersede: true,
        ...(op.maxAgeMs === null ? {} : { policy: { maxAgeMs: op.maxAgeMs } }),
      });
    case "aim":
      return make({ verb: "setCanary", percent: op.percent });
    case "settle":
    case "rollback":
    case "drop":
      return make({ verb: op.do });
    case "refresh":
      await process.router.refresh();
      return;
    case "sweep":
      await process.pinning.sweep();
      return;
    case "recycle":
      await process.pinning.recycle(bundleIds[op.bundle]!, { actor: ana, reason: "proof" });
      return;
    case "name":
      await attempt(process.pinning.start({ bundle: bundleIds[op.bundle]! }));
      return;
    case "report":
      return report(process.pinning.drainReport(bundleIds[op.bundle]!), fleet);
  }
}

async function report(
  asked: ReturnType<Fleet["processes"][number]["pinning"]["drainReport"]>,
  fleet: Fleet,
): Promise<void> {
  const { bundle: of, status, proof, drainedBy, inFlight } = await asked;
  const { retiring, sealed } = fleet.route();
  must(
    ["live", "candidate", "quarantined", "draining", "sealed", "drained", "recycled", "registered"].includes(
      status,
    ),
    "I15",
    `${of} is ${status}`,
  );
  must((status === "drained") === (proof !== null), "I15", `${of} is ${status} by ${proof}`);
  if (status !== "drained") return;
  must(
    retiring.some((item) => item.bundle === of),
    "I15",
    `${of} is drained and not retiring`,
  );
  const over = fleet.truth.now() > (drainedBy ?? Number.POSITIVE_INFINITY);
  must(over || (sealed.includes(of) && inFlight?.count === 0), "I15", `${of} is drained without a proof`);
}

/** Makes one thing happen and looks whether everything still holds. */
export async function happen(op: Op, fleet: Fleet): Promise<void> {
  if (op.do === "pass") await fleet.truth.advance(op.ms);
  else if (op.do === "sleep") {
    fleet.machines[op.at]?.sleep();
    await fleet.truth.advance(op.ms);
    fleet.machines[op.at]?.wake();
  } else if (op.do === "jump") fleet.machines[op.at]?.jumpWall(op.ms);
  else if (op.do === "start") await start(op, fleet);
  else if ("run" in op) await onRun(op, fleet);
  else await move(op, fleet);
  await checkPins(fleet);
}
