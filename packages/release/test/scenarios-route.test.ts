import { expect } from "vitest";
import { defineReleasePlan } from "../src/index.ts";
import { tellAll } from "./scenario.ts";
import { ana, ben, bot, hour, minute, type Simulation } from "./simulation.ts";

const watched = { rollout: "canary", signals: { "pass-rate": "rollback", latency: "hold" } } as const;

/** Green takes a quarter of the keys. */
function atAQuarter(s: Simulation): void {
  s.goTo("canary");
  while (s.route?.canary?.percent !== 25) {
    s.clear();
    s.pass(10 * minute);
  }
}

tellAll("the route and who else moves it [RELEASE-SCENARIOS]", [
  {
    name: "a share that somebody lowered is not raised behind their back: the release holds until a person says so",
    source: "flagger#869, #1694, #635: a gradual way back; TWC: a ramp set by someone else",
    options: { plan: watched },
    story(s) {
      atAQuarter(s);
      for (const percent of [10, 2]) {
        s.moveRoute({ verb: "setCanary", percent });
        s.look();
        expect(s.release.held).toMatchObject({ because: "route" });
      }
      s.clear();
      s.pass(3 * hour);
      expect(s.route?.canary?.percent).toBe(2);
      expect(s.ask({ type: "resume", reason: "x" }, bot)).toBe("machine-may-not");
      s.ask({ type: "resume", reason: "it was the network" });
      s.settle();
      expect(s.route?.canary?.percent).toBe(25);
      const since = s.release.canarySince;
      expect(since).toBe(s.at);
      s.look();
      expect(s.release.held).toBeNull();
    },
  },
  {
    name: "a look at the route from before the step was made is not taken for a lowered share",
    source: "two drivers, one of them behind",
    options: { plan: watched },
    story(s) {
      s.goTo("canary");
      const before = s.route;
      while (s.route?.canary?.percent !== 25) {
        s.clear();
        s.pass(10 * minute);
      }
      if (before === null) throw new Error("there is a route in the canary");
      s.see({ type: "route", route: before });
      expect(s.release.held).toBeNull();
    },
  },
  {
    name: "a share that somebody raised is theirs: the release neither lowers it nor holds",
    source: "TWC: a ramp set by someone else is pulled down",
    options: { plan: watched },
    story(s) {
      atAQuarter(s);
      s.moveRoute({ verb: "setCanary", percent: 40 });
      s.look();
      expect(s.release.held).toBeNull();
      expect(s.route?.canary?.percent).toBe(40);
    },
  },
  {
    name: "the share that is told is the route's own: a step begins when the route has it, not when it was decided",
    source: "flagger 1.44: the reported weight must equal real routing",
    options: { plan: watched },
    story(s) {
      s.goTo("shadow");
      s.moveRoute({ verb: "hold", why: "freeze" });
      s.passGates();
      s.pass(5 * hour);
      expect(s.release).toMatchObject({ phase: "canary", canarySince: null, trafficSince: null });
      expect(s.route?.canary).toBeNull();
      s.moveRoute({ verb: "release" }, ana);
      s.look();
      expect(s.release.canarySince).toBe(s.at);
      expect(s.route?.canary?.percent).toBe(5);
    },
  },
  {
    name: "what moved between the start and the first look is noticed at the first look, and left alone",
    source: "ECS: RECONCILE runs first when more than one revision is live",
    story(s) {
      s.moveRoute({ verb: "drop" });
      s.moveRoute({ verb: "stage", bundle: "red" });
      s.look();
      expect(s.release.outcome?.kind).toBe("halted");
      expect(s.route?.candidate).toBe("red");
    },
  },
  {
    name: "an alarm that fires at the first look of traffic counts like any other",
    source: "ECS: alarms firing at the start are ignored for that release",
    options: { plan: watched },
    story(s) {
      s.goTo("canary");
      s.say({ "pass-rate": "alarm", latency: "clear" });
      expect(s.release.outcome?.kind).toBe("halted");
    },
  },
  {
    name: "the first look that sees an alarm acts on it: nothing is counted up first",
    source: "Flagger: worst-case detection is interval times threshold",
    options: { plan: watched },
    story(s) {
      s.goTo("quarantine");
      const looks = s.steps.length;
      s.see({ type: "signals", signals: [] });
      s.say({ "pass-rate": "alarm", latency: "clear" });
      expect(s.release.outcome?.kind).toBe("rolled-back");
      expect(s.steps.slice(looks).filter(({ event }) => event === "signals").length).toBeLessThanOrEqual(2);
    },
  },
  {
    name: "a rollback says which signal, in the signal's own words",
    source: "flagger#739, #225, #1304, #1810, #1815: which limit, which values",
    options: { plan: watched },
    story(s) {
      s.goTo("quarantine");
      s.say({ "pass-rate": "alarm", latency: "clear" });
      expect(s.release.outcome).toMatchObject({
        why: "pass-rate: pass-rate is alarm",
        by: { kind: "machine", id: "signal:pass-rate" },
      });
    },
  },
  {
    name: "going back knows no window: in the last hour of three days it is the same one move to the recorded bundle",
    source: "Argo Rollouts: a rollback window that differs by one from its documentation",
    options: { plan: { ...watched, rollout: "blue-green", quarantine: { for: "72h" } } },
    story(s) {
      s.goTo("quarantine");
      for (let hours = 0; hours < 71; hours++) {
        s.clear();
        s.pass(hour);
      }
      const generation = s.route?.generation ?? 0;
      s.say({ "pass-rate": "alarm", latency: "clear" });
      expect(s.route).toMatchObject({ live: "blue", generation: generation + 1 });
    },
  },
  {
    name: "nobody can ask for a rollback with steps, gates or hooks in front of it, and nobody is asked to opt out",
    source: "argo-rollouts#2168, #1748: opting out of a fast rollback",
    options: { plan: { ...watched, hooks: { around: ["switched", "quarantine"] } } },
    story(s) {
      s.goTo("quarantine");
      const hooks = s.hooks.length;
      s.see({ type: "signals", signals: [] });
      s.say({ "pass-rate": "alarm", latency: "clear" });
      expect(s.asked()).toEqual([]);
      expect(s.hooks.slice(hooks).filter(({ inRollback }) => !inRollback)).toEqual([]);
      expect(s.route?.live).toBe("blue");
    },
  },
  {
    name: "a person aborts in the middle of anything before the switch, and users are where they were",
    source: "flagger#724: manually fail a canary while progressing",
    options: { plan: watched },
    story(s) {
      atAQuarter(s);
      expect(s.ask({ type: "abort", reason: "another deployment is broken" }, ben)).toBeNull();
      s.settle();
      expect(s.release.outcome).toMatchObject({ kind: "halted", by: ben });
      expect(s.route).toMatchObject({ live: "blue", candidate: null, canary: null });
    },
  },
  {
    name: "a halted release is tried again by a word, with nothing in it changed",
    source: "flagger#1152: a failed canary that nothing but deleting it unsticks",
    options: { plan: watched },
    story(s) {
      s.goTo("evals");
      s.answer("evals", "fail");
      expect(s.ask({ type: "retry", reason: "the judge was down" })).toBeNull();
      s.goTo("quarantine");
      expect(s.release).toMatchObject({ round: 2, bundle: { id: "green" } });
    },
  },
  {
    name: "a halted candidate takes no place on the route: what was never promoted does not pile up",
    source: "temporal-worker-controller#377, #498: versions that were never promoted leak",
    story(s) {
      s.goTo("evals");
      s.answer("evals", "fail");
      expect(s.route).toMatchObject({ candidate: null, live: "blue", stable: "blue" });
    },
  },
  {
    name: "a plan that would pass on no data at all is refused before it starts",
    source: "Argo Rollouts: a metric without a condition passes; flagger#1353",
    story() {
      const nothing = { rollout: "canary", signals: { latency: "hold" } } as const;
      expect(() => defineReleasePlan(nothing)).toThrow(expect.objectContaining({ code: "plan-invalid" }));
    },
  },
  {
    name: "a plan that contradicts itself is refused before it starts, naming both sides",
    source: "argo-rollouts#3414: a deadline shorter than the delay it waits for",
    story() {
      const hasty = {
        rollout: "canary",
        canary: { steps: [{ percent: 5, for: "2h" }], timeout: "1h" },
      } as const;
      expect(() => defineReleasePlan(hasty)).toThrow(/1h.*2h/s);
    },
  },
]);
