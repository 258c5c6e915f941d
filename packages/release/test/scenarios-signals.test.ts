import { expect } from "vitest";
import { tellAll } from "./scenario.ts";
import { ana, hour, type Simulation } from "./simulation.ts";
import { aSignal } from "./world.ts";

const watched = {
  rollout: "canary-then-blue-green",
  signals: { "pass-rate": "rollback", latency: "hold", cost: "notify" },
} as const;

/** The detectors do not answer at one look, ten seconds before the next. */
function down(s: Simulation): void {
  s.see({ type: "unmeasured", why: "down" });
  s.pass(10_000);
}

tellAll("signals [RELEASE-SCENARIOS]", [
  {
    name: "waiting for an approval does not suppress signals: a canary in alarm halts there",
    source: "flagger#1801",
    options: { plan: { ...watched, approval: { before: ["switched"] } } },
    story(s) {
      s.goTo("canary");
      s.clear();
      s.pass(2 * hour);
      expect(s.release.awaitingApprovalSince).not.toBeNull();
      s.say({ "pass-rate": "alarm", latency: "clear", cost: "clear" });
      expect(s.release.outcome?.kind).toBe("halted");
      expect(s.route).toMatchObject({ live: "blue", canary: null, candidate: null });
    },
  },
  {
    name: "waiting for a person after the switch does not suppress a rollback",
    source: "flagger#1801",
    options: { plan: watched },
    story(s) {
      s.goTo("quarantine");
      s.ask({ type: "hold", why: "looking at it" });
      s.say({ "pass-rate": "alarm", latency: "clear", cost: "clear" });
      expect(s.release.outcome?.kind).toBe("rolled-back");
      expect(s.route?.live).toBe("blue");
    },
  },
  {
    name: "no traffic, no canary: watching is never clear, however long it lasts, and in the end it halts",
    source: "flagger#1011, #1035, #1098",
    options: { plan: watched },
    story(s) {
      s.goTo("canary");
      for (let i = 0; i < 20; i++) {
        s.say({ "pass-rate": "watching", latency: "clear", cost: "clear" });
        s.pass(hour);
      }
      expect(s.release).toMatchObject({ phase: "canary", outcome: null });
      s.pass(5 * hour);
      expect(s.release.outcome?.kind).toBe("halted");
    },
  },
  {
    name: "a misspelt signal is one nobody gives: it holds instead of passing",
    source: "flagger#361, #1581",
    options: { plan: { ...watched, signals: { "pass-rat": "rollback" } } },
    story(s) {
      s.goTo("shadow");
      s.passGates();
      for (let i = 0; i < 4; i++) {
        s.say({ "pass-rate": "clear", latency: "clear" });
        s.pass(10_000);
      }
      expect(s.release).toMatchObject({ phase: "canary", held: { because: "unmeasured" } });
    },
  },
  {
    name: "signals that cannot be read four times in a row hold; fewer do not",
    source: "Argo Rollouts: Error is not Successful",
    options: { plan: watched },
    story(s) {
      s.goTo("canary");
      for (let i = 0; i < 3; i++) down(s);
      s.clear();
      expect(s.release).not.toHaveProperty("unmeasuredAt");
      for (let i = 0; i < 3; i++) down(s);
      expect(s.release.held).toBeNull();
      down(s);
      expect(s.release.held).toMatchObject({ because: "unmeasured" });
    },
  },
  {
    name: "one outage of the detectors is one failure, however often a driver looks meanwhile",
    source: "Argo Rollouts: an error is asked again after ten seconds",
    options: { plan: watched },
    story(s) {
      s.goTo("canary");
      for (let i = 0; i < 20; i++) s.see({ type: "unmeasured", why: "down" });
      expect(s.release).toMatchObject({ held: null, unmeasured: 1 });
      for (let i = 0; i < 3; i++) down(s);
      expect(s.release.held).toBeNull();
      down(s);
      expect(s.release.held).toMatchObject({ because: "unmeasured" });
    },
  },
  {
    name: "a latency alarm pauses instead of aborting, by plan, and a person may go on past it",
    source: "argo-rollouts#2866, #1905",
    options: { plan: watched },
    story(s) {
      s.goTo("canary");
      s.say({ "pass-rate": "clear", latency: "alarm", cost: "clear" });
      expect(s.release.held).toMatchObject({ because: "signal" });
      expect(s.route?.canary?.percent).toBe(5);
      expect(s.ask({ type: "resume", reason: "known and accepted" })).toBeNull();
      s.say({ "pass-rate": "clear", latency: "alarm", cost: "clear" });
      expect(s.release.held).toBeNull();
      expect(s.release.signals.latency?.acknowledged).toEqual(ana);
    },
  },
  {
    name: "an acknowledged alarm that went away and came back holds again",
    source: "ECS: alarms firing at the start are ignored for that release",
    options: { plan: watched },
    story(s) {
      s.goTo("canary");
      s.say({ "pass-rate": "clear", latency: "alarm", cost: "clear" });
      s.ask({ type: "resume", reason: "known" });
      s.say({ "pass-rate": "clear", latency: "clear", cost: "clear" });
      s.say({ "pass-rate": "clear", latency: "alarm", cost: "clear" });
      expect(s.release.held).toMatchObject({ because: "signal" });
    },
  },
  {
    name: "a notifying alarm tells people and stops nothing",
    source: "Argo Rollouts: dry-run metrics",
    options: { plan: watched },
    story(s) {
      s.goTo("canary");
      s.say({ "pass-rate": "clear", latency: "clear", cost: "alarm" });
      expect(s.release.held).toBeNull();
      expect(s.told).toContain("alarm");
      s.pass(2 * hour);
      s.goTo("quarantine");
    },
  },
  {
    name: "a signal the plan does not name holds when it alarms: an unknown alarm is no reason to go on",
    source: "safe direction",
    options: { plan: watched },
    story(s) {
      s.goTo("canary");
      s.say({ "pass-rate": "clear", latency: "clear", cost: "clear", "shape-drift": "alarm" });
      expect(s.release.held).toMatchObject({ because: "signal" });
    },
  },
  {
    name: "an alarm after the switch rolls back in one move, with the target recorded at the switch",
    source: "orca#3341, ecspresso#284",
    options: { plan: watched },
    story(s) {
      s.goTo("quarantine");
      expect(s.release.switch?.target?.id).toBe("blue");
      s.say({ "pass-rate": "alarm", latency: "clear", cost: "clear" });
      expect(s.release).toMatchObject({
        outcome: { kind: "rolled-back", by: { kind: "machine", id: "signal:pass-rate" } },
      });
      expect(s.route).toMatchObject({ live: "blue", stable: "blue", candidate: null, holdback: null });
      expect(s.denied).toEqual(["green"]);
    },
  },
  {
    name: "what is said of another bundle is no signal of this one",
    source: "hyperswitch-helm#308: a missing version label",
    options: { plan: watched },
    story(s) {
      s.goTo("quarantine");
      s.see({ type: "signals", signals: [aSignal({ status: "alarm", bundle: "blue" })] });
      expect(s.release.outcome).toBeNull();
    },
  },
  {
    name: "signals before there is any traffic change nothing",
    source: "Kayenta: a group without data scores 100",
    options: { plan: watched },
    story(s) {
      s.goTo("evals");
      const before = s.release;
      s.say({ "pass-rate": "alarm" });
      expect(s.release).toBe(before);
    },
  },
  {
    name: "quarantine does not end on nothing: it goes on until its signals are clear, and says so once",
    source: "argo-rollouts#1360",
    options: { plan: watched },
    story(s) {
      s.goTo("quarantine");
      s.say({ "pass-rate": "watching", latency: "clear", cost: "clear" });
      s.pass(60 * hour);
      expect(s.release.phase).toBe("quarantine");
      expect(s.told.filter((topic) => topic === "quarantine-waits")).toHaveLength(1);
      s.clear();
      s.pass(hour);
      expect(s.release.phase).toBe("recycled");
    },
  },
]);
