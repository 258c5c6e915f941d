import { digestOf } from "@verdigris/bundle";
import type {
  Actor,
  Digest,
  GateName,
  ReleaseEffect,
  ReleaseRecord,
  Route,
  SignalStatus,
  Verdict,
} from "@verdigris/contracts";
import { applyMove, isForward } from "@verdigris/router";
import { aBundle, aRoute } from "@verdigris/testing";
import {
  type AskedEvent,
  defineReleasePlan,
  evidenceDigest,
  type ReleasePlanInput,
  type ReleaseRefusal,
  type SeenEvent,
  transition,
} from "../src/index.ts";
import { newRelease } from "../src/start/new-release.ts";
import { aSignal, minute } from "./world.ts";

export { hour, minute } from "./world.ts";

export const ana: Actor = { kind: "person", id: "ana" };
export const ben: Actor = { kind: "person", id: "ben" };
export const bot: Actor = { kind: "machine", id: "bot" };
const driver: Actor = { kind: "machine", id: "driver" };

export interface SimulationOptions {
  readonly plan?: ReleasePlanInput;
  readonly first?: boolean;
  readonly startedBy?: Actor;
  readonly takesOver?: ReleaseRecord["takesOver"];
  /** The route it starts on. @default blue alone */
  readonly route?: Partial<Route>;
  readonly emergency?: boolean;
}

/** One release and its route without any I/O: effects other than gates are carried out at once, as a driver would. */
export interface Simulation {
  release: ReleaseRecord;
  route: Route | null;
  at: number;
  readonly told: string[];
  readonly hooks: { readonly phase: string; readonly when: string; readonly inRollback: boolean }[];
  readonly states: string[];
  readonly denied: string[];
  /** Every pair of records that a transition led from and to. */
  readonly steps: { readonly before: ReleaseRecord; readonly after: ReleaseRecord; readonly event: string }[];
  see(event: SeenEvent): void;
  ask(event: AskedEvent, actor?: Actor): ReleaseRefusal | null;
  /** Carries out everything but gates, and hooks when told to leave them. */
  settle(options?: { readonly hooks?: boolean }): void;
  pass(ms: number): void;
  answer(gate: GateName, verdict: Verdict, evidence?: Digest | null): void;
  /** Lets every gate pass until none is asked. */
  passGates(): void;
  say(statuses: Readonly<Record<string, SignalStatus>>): void;
  /** All signals of the plan are clear. */
  clear(): void;
  goTo(phase: ReleaseRecord["phase"]): void;
  evidence(): Digest;
  asked(): readonly GateName[];
  moveRoute(move: Parameters<typeof applyMove>[1], actor?: Actor): void;
  /** A driver looks at the route. */
  look(): void;
}

export function simulate(options: SimulationOptions = {}): Simulation {
  const { startedBy = ana, takesOver = "nothing", first = false } = options;
  const blue = aBundle("blue");
  const green = aBundle("green");
  const start = 1_767_225_600_000;
  const request = {
    id: "r1",
    bundle: "green",
    plan: defineReleasePlan(options.plan),
    reason: "better answers",
    actor: startedBy,
    supersede: takesOver === "supersedes",
    handOver: null,
    emergency: options.emergency ?? false,
  };
  const route = first ? null : aRoute(options.route);
  const facts = {
    agent: "agent",
    request,
    at: start,
    takesOver,
    bundle: green,
    generation: route?.generation ?? 0,
  };
  let count = 0;

  const simulation: Simulation = {
    release: newRelease({ ...facts, baseline: first ? null : blue }),
    route,
    at: start,
    told: [],
    hooks: [],
    states: [],
    denied: [],
    steps: [],
    see(event) {
      take({ ...event, at: simulation.at, actor: driver }, event.type);
    },
    ask(event, actor = ana) {
      return take({ ...event, at: simulation.at, actor }, event.type);
    },
    settle({ hooks = true } = {}) {
      for (let guard = 0; guard < 100; guard++) {
        const due = simulation.release.outbox.find((effect) => isDue(effect, hooks));
        if (due === undefined) return;
        carryOut(due);
      }
      throw new Error("effects never settle");
    },
    pass(ms) {
      const until = simulation.at + ms;
      while (simulation.at < until) {
        simulation.at = Math.min(until, simulation.at + 10 * minute);
        simulation.see({ type: "tick" });
        simulation.settle();
      }
    },
    answer(gate, verdict, evidence = digestOf(`${gate} ${verdict} ${++count}`)) {
      const attempt = simulation.release.gates[gate]?.id ?? "nobody asked";
      simulation.see({
        type: "answered",
        gate,
        attempt,
        answer: { verdict, summary: "by script", evidence },
      });
      simulation.settle();
    },
    passGates() {
      simulation.settle();
      for (let asked = simulation.asked(); asked.length > 0; asked = simulation.asked()) {
        for (const gate of asked) simulation.answer(gate, "pass");
      }
    },
    say(statuses) {
      const signals = Object.entries(statuses).map(([name, status]) =>
        aSignal({ name, status, bundle: "green", at: simulation.at }),
      );
      simulation.see({ type: "signals", signals });
      simulation.settle();
    },
    clear() {
      const names = Object.keys(simulation.release.plan.signals);
      simulation.say(Object.fromEntries(names.map((name) => [name, "clear" as const])));
    },
    goTo(phase) {
      simulation.see({ type: "tick" });
      simulation.settle();
      for (let guard = 0; guard < 2_000 && isBefore(phase); guard++) {
        oneStep();
        simulation.settle();
      }
      if (simulation.release.phase !== phase) throw new Error(`stuck at ${simulation.release.phase}`);
    },
    evidence: () => evidenceDigest(simulation.release),
    asked: () =>
      simulation.release.outbox.flatMap((effect) =>
        effect.kind === "gate" && (effect.notBefore ?? 0) <= simulation.at ? [effect.gate] : [],
      ),
    moveRoute(move, actor = ben) {
      makeMove(move, actor);
    },
    look() {
      if (simulation.route !== null) simulation.see({ type: "route", route: simulation.route });
      simulation.settle();
    },
  };

  function isBefore(phase: ReleaseRecord["phase"]): boolean {
    return simulation.release.phase !== phase && simulation.release.outcome === null;
  }

  /** What a patient person and healthy gates and signals would do next. */
  function oneStep(): void {
    const { phase, awaitingApprovalSince } = simulation.release;
    const [gate] = simulation.asked();
    if (gate !== undefined) simulation.answer(gate, "pass");
    else if (awaitingApprovalSince !== null)
      simulation.ask({ type: "approve", evidence: simulation.evidence() }, ben);
    else if (phase === "draining") simulation.see({ type: "drained", bundle: "blue" });
    else {
      simulation.clear();
      simulation.pass(10 * minute);
    }
  }

  function take(event: Parameters<typeof transition>[1], name: string): ReleaseRefusal | null {
    const before = simulation.release;
    const done = transition(before, event);
    if (done.kind === "refused") return done.refusal;
    if (done.kind === "moved") {
      simulation.steps.push({ before, after: done.record, event: name });
      simulation.release = done.record;
    }
    return null;
  }

  function isDue(effect: ReleaseEffect, hooks: boolean): boolean {
    if (effect.kind === "gate" || (effect.notBefore ?? 0) > simulation.at) return false;
    if (effect.kind === "hook" && !hooks) return false;
    const { held } = simulation.release;
    return effect.kind !== "move" || held === null || !isForward(simulation.route, effect.move);
  }

  function makeMove(move: Parameters<typeof applyMove>[1], actor: Actor) {
    const done = applyMove(simulation.route, move, { at: simulation.at, actor, requestId: `q${++count}` });
    if (done.kind === "moved") simulation.route = { ...done.route, audit: digestOf("audit") };
    return done;
  }

  function carryOut(effect: ReleaseEffect): void {
    const { key } = effect;
    switch (effect.kind) {
      case "move": {
        const { route, release } = simulation;
        if (route !== null && isForward(route, effect.move) && route.generation !== release.generation) {
          simulation.see({ type: "route", route });
          return;
        }
        const done = makeMove(effect.move, effect.actor);
        if (done.kind === "refused") {
          simulation.see({ type: "refused", key, refusal: done.refusal, message: done.message });
        } else simulation.see({ type: "moved", key, generation: simulation.route?.generation ?? 0 });
        return;
      }
      case "confirm":
        simulation.see({ type: "confirmed", key, outcome: "everywhere" });
        return;
      case "hook":
        simulation.hooks.push(effect);
        simulation.see({ type: "done", key });
        return;
      case "notify":
        simulation.told.push(effect.topic);
        simulation.see({ type: "done", key });
        return;
      case "state":
        simulation.states.push(`${effect.change} ${effect.bundle}`);
        simulation.see({ type: "done", key });
        return;
      case "deny":
        simulation.denied.push(effect.bundle.id);
        simulation.see({ type: "done", key });
        return;
      case "gate":
        return;
    }
  }

  simulation.see({ type: "tick" });
  simulation.settle();
  return simulation;
}
