import { expect } from "vitest";
import { tellAll } from "./scenario.ts";
import { ana, ben, bot, hour } from "./simulation.ts";

const watched = {
  rollout: "canary-then-blue-green",
  signals: { "pass-rate": "rollback", latency: "hold", cost: "notify" },
} as const;

tellAll("people [RELEASE-SCENARIOS]", [
  {
    name: "a person's hold beats every timer: no gate, canary or approval runs out against it",
    source: "Argo Rollouts: user pause beats the auto-promotion timer",
    options: { plan: { ...watched, gates: { smoke: { timeout: "1h" } } } },
    story(s) {
      s.goTo("smoke");
      s.ask({ type: "hold", why: "incident elsewhere" });
      s.pass(100 * hour);
      expect(s.release).toMatchObject({ phase: "smoke", outcome: null, held: { by: ana } });
    },
  },
  {
    name: "a machine's hold does not stop the clock that leads to safety",
    source: "flagger#738: a gate without a timeout",
    story(s) {
      s.goTo("evals");
      s.answer("evals", "inconclusive");
      s.pass(25 * hour);
      expect(s.release.outcome?.kind).toBe("halted");
    },
  },
  {
    name: "a machine never replaces or ends what a person holds",
    source: "safe direction",
    options: { plan: watched },
    story(s) {
      s.goTo("canary");
      s.ask({ type: "hold", why: "mine" });
      s.say({ "pass-rate": "clear", latency: "alarm", cost: "clear" });
      expect(s.release.held).toMatchObject({ by: ana, why: "mine" });
      expect(s.ask({ type: "resume", reason: "time is up" }, bot)).toBe("held-by-person");
    },
  },
  {
    name: "no machine approves, resumes, retries or passes anything over",
    source: "sample-citadel#76: machines only make things safer",
    options: { plan: { approval: { before: ["switched"] } } },
    story(s) {
      s.goTo("evals");
      s.answer("evals", "inconclusive");
      const evidence = s.evidence();
      expect(s.ask({ type: "approve", evidence }, bot)).toBe("machine-may-not");
      expect(s.ask({ type: "resume", reason: "x" }, bot)).toBe("machine-may-not");
      expect(s.ask({ type: "retry", reason: "x" }, bot)).toBe("machine-may-not");
      expect(s.ask({ type: "skip", gate: "evals", reason: "x" }, bot)).toBe("machine-may-not");
    },
  },
  {
    name: "a machine may hold and abort",
    source: "safe direction",
    story(s) {
      s.goTo("evals");
      expect(s.ask({ type: "hold", why: "freeze window" }, bot)).toBeNull();
      expect(s.release.held?.by).toEqual(bot);
      expect(s.ask({ type: "abort", reason: "budget spent" }, bot)).toBeNull();
      expect(s.release.outcome?.kind).toBe("halted");
    },
  },
  {
    name: "skipping a gate takes a reason and a name, and both stay on the record",
    source: "Argo Rollouts: promote --full skips everything, silently",
    story(s) {
      s.goTo("shadow");
      expect(s.ask({ type: "skip", gate: "shadow", reason: " " })).toBe("reason-missing");
      expect(s.ask({ type: "skip", gate: "shadow", reason: "no traffic to mirror at night" })).toBeNull();
      s.goTo("quarantine");
      expect(s.release.skipped).toMatchObject([
        { gate: "shadow", by: ana, reason: "no traffic to mirror at night" },
      ]);
      expect(s.asked()).toEqual([]);
    },
  },
  {
    name: "skipping one gate skips no other",
    source: "Argo Rollouts: promote --full",
    story(s) {
      s.goTo("smoke");
      s.ask({ type: "skip", gate: "evals", reason: "hotfix" });
      s.passGates();
      expect(s.release.gates.shadow?.verdict).toBe("pass");
      expect(s.release.gates.evals).toBeUndefined();
    },
  },
  {
    name: "what a plan leaves out is shown as left out by the plan",
    source: "flagger: skipAnalysis",
    options: { plan: { gates: { shadow: { without: "the tools cannot be sandboxed" } } } },
    story(s) {
      s.goTo("quarantine");
      expect(s.release.skipped).toMatchObject([
        { gate: "shadow", by: { kind: "policy" }, reason: "the tools cannot be sandboxed" },
      ]);
    },
  },
  {
    name: "an approval is bound to its evidence: another answer needs another yes",
    source: "flagger: the payload's checksum binds a confirmation to content",
    options: { plan: { approval: { before: ["switched"] } } },
    story(s) {
      s.goTo("evals");
      const early = s.evidence();
      expect(s.ask({ type: "approve", evidence: early }, ben)).toBeNull();
      s.passGates();
      expect(s.release).toMatchObject({ phase: "shadow", switch: null });
      expect(s.ask({ type: "approve", evidence: early }, ben)).toBe("evidence-changed");
      expect(s.ask({ type: "approve", evidence: s.evidence() }, ben)).toBeNull();
      s.passGates();
      expect(s.release.switch).not.toBeNull();
    },
  },
  {
    name: "an approval by whoever started it is refused where the plan wants another person",
    source: "four eyes",
    options: { plan: { approval: { before: ["switched"], anotherPerson: true } } },
    story(s) {
      s.goTo("shadow");
      s.passGates();
      expect(s.ask({ type: "approve", evidence: s.evidence() }, ana)).toBe("same-person");
      expect(s.ask({ type: "approve", evidence: s.evidence() }, ben)).toBeNull();
    },
  },
  {
    name: "an approval nobody gives halts the release when its time is over",
    source: "CodeDeploy: ready-wait then STOP; ECS: pause on timeout ROLLBACK",
    options: { plan: { approval: { before: ["switched"], timeout: "2h" } } },
    story(s) {
      s.goTo("shadow");
      s.passGates();
      expect(s.told).toContain("approval-wanted");
      s.pass(3 * hour);
      expect(s.release.outcome?.kind).toBe("halted");
    },
  },
  {
    name: "time spent waiting for people is kept apart",
    source: "Argo Rollouts: duration split into progress and waiting",
    options: { plan: { approval: { before: ["switched"] } } },
    story(s) {
      s.goTo("shadow");
      s.passGates();
      s.pass(2 * hour);
      s.ask({ type: "approve", evidence: s.evidence() }, ben);
      s.ask({ type: "hold", why: "lunch" });
      s.pass(hour);
      s.ask({ type: "resume", reason: "back" });
      expect(s.release.waitedMs).toBe(3 * hour);
    },
  },
  {
    name: "aborting after the switch is refused and points at the rollback",
    source: "one verb per thing",
    story(s) {
      s.goTo("quarantine");
      expect(s.ask({ type: "abort", reason: "stop" })).toBe("after-the-switch");
      expect(s.route?.live).toBe("green");
    },
  },
  {
    name: "a release that has ended takes no more verbs",
    source: "ECS: stop is idempotent in every state",
    story(s) {
      s.goTo("evals");
      s.ask({ type: "abort", reason: "wrong bundle" });
      s.settle();
      for (const event of [
        { type: "hold", why: "x" },
        { type: "resume", reason: "x" },
        { type: "abort", reason: "x" },
        { type: "skip", gate: "evals", reason: "x" },
      ] as const)
        expect(s.ask(event)).toBe("ended");
    },
  },
]);
