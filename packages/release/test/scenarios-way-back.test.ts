import { expect } from "vitest";
import { tellAll } from "./scenario.ts";
import { ana, ben, hour, minute } from "./simulation.ts";
import { aSignal } from "./world.ts";

const watched = { signals: { "pass-rate": "rollback", latency: "hold" } } as const;
const alarm = { "pass-rate": "alarm", latency: "clear" } as const;

tellAll("going back [RELEASE-SCENARIOS]", [
  {
    name: "the way back is judged before traffic moves, every time: without one the release holds",
    source: "flagger#1898, #1931, #1588: rolled back to a dead primary",
    story(s) {
      s.goTo("switched");
      expect(s.asked()).toEqual(["way-back"]);
      s.answer("way-back", "fail");
      expect(s.release).toMatchObject({ held: { because: "way-back" }, switch: null });
      expect(s.route?.live).toBe("blue");
    },
  },
  {
    name: "an alarm whose way back failed its last smoke freezes instead of moving users to a dead bundle",
    source: "flagger 1.44: never roll back to a broken primary",
    options: { plan: watched },
    story(s) {
      s.goTo("quarantine");
      s.see({ type: "rechecked", ok: false, summary: "blue does not answer" });
      s.say(alarm);
      expect(s.release).toMatchObject({ held: { because: "frozen" }, outcome: null });
      expect(s.route).toMatchObject({ live: "green", held: { why: expect.stringContaining("blue") } });
    },
  },
  {
    name: "people hear once that the way back was lost, and it heals by the next smoke",
    source: "rollback paths that were never tried",
    options: { plan: watched },
    story(s) {
      s.goTo("quarantine");
      s.see({ type: "rechecked", ok: false, summary: "down" });
      s.see({ type: "rechecked", ok: false, summary: "down" });
      s.settle();
      expect(s.told.filter((topic) => topic === "way-back-lost")).toHaveLength(1);
      s.see({ type: "rechecked", ok: true, summary: "up" });
      s.say(alarm);
      expect(s.route?.live).toBe("blue");
    },
  },
  {
    name: "a bundle that must not be rolled back is frozen, and the route takes no step forward",
    source: "flagger#1186: a migration that cannot be undone",
    options: { plan: { ...watched, rollbackSafe: false } },
    story(s) {
      s.goTo("quarantine");
      s.say(alarm);
      expect(s.release).toMatchObject({ held: { because: "frozen" }, outcome: null });
      expect(s.route).toMatchObject({ live: "green", held: { by: { kind: "machine" } } });
    },
  },
  {
    name: "what stands in the outbox first is the rollback: notices and hooks come after it",
    source: "argo-rollouts#2939, #3669: fast rollback still ran steps",
    options: { plan: { ...watched, hooks: { around: ["quarantine"] }, memory: true } },
    story(s) {
      s.goTo("quarantine");
      s.see({
        type: "signals",
        signals: Object.entries(alarm).map(([name, status]) => aSignal({ name, status })),
      });
      expect(s.release.outbox[0]).toMatchObject({ kind: "move", move: { verb: "rollback" } });
    },
  },
  {
    name: "hooks are told that they run in a rollback, and cannot stop it",
    source: "aws-cdk#36764",
    options: { plan: { ...watched, hooks: { around: ["quarantine"] } } },
    story(s) {
      s.goTo("quarantine");
      s.see({ type: "signals", signals: [aSignal({ status: "alarm" }), aSignal({ name: "latency" })] });
      s.settle({ hooks: false });
      expect(s.route?.live).toBe("blue");
      const hook = s.release.outbox.find(({ kind }) => kind === "hook");
      expect(hook).toMatchObject({ inRollback: true, phase: "rollback" });
      s.see({ type: "failed", key: hook?.key ?? "", why: "no permission" });
      s.settle();
      expect(s.release).toMatchObject({ outcome: { kind: "rolled-back" }, outbox: [] });
      expect(s.told).toContain("hook-failed");
    },
  },
  {
    name: "a rollback has two times: new runs safe, and the last run on the bad bundle gone",
    source: "temporal documentation#4708: a rollback does not heal runs already pinned",
    options: { plan: watched },
    story(s) {
      s.goTo("quarantine");
      s.say(alarm);
      expect(s.release.rollback).toMatchObject({ newRunsSafeAt: s.at, lastRunGoneAt: null });
      s.at += hour;
      s.see({ type: "drained", bundle: "green" });
      expect(s.release.rollback?.lastRunGoneAt).toBe(s.at);
    },
  },
  {
    name: "the bad bundle's memory is parked, the good one's promoted only at the end of quarantine",
    source: "state that outlives its bundle",
    options: { plan: { ...watched, memory: true } },
    story(s) {
      s.goTo("quarantine");
      expect(s.states).toEqual([]);
      s.say(alarm);
      expect(s.states).toEqual(["park green"]);
    },
  },
  {
    name: "a rollback made by hand is taken for one: the release ends and the bundle is denied",
    source: "TWC: a ramp set by someone else",
    options: { plan: watched },
    story(s) {
      s.goTo("quarantine");
      s.moveRoute({ verb: "rollback" });
      s.look();
      expect(s.release.outcome?.kind).toBe("rolled-back");
      expect(s.denied).toEqual(["green"]);
    },
  },
  {
    name: "a candidate that somebody dropped ends its release, and nothing of theirs is touched",
    source: "argo-rollouts#2117: two leaders for a moment",
    story(s) {
      s.goTo("evals");
      s.moveRoute({ verb: "drop" });
      s.look();
      expect(s.release.outcome).toMatchObject({ kind: "halted" });
      expect(s.route).toMatchObject({ live: "blue", candidate: null });
    },
  },
  {
    name: "a flip whose answer was lost is undone by an abort, not left behind",
    source: "crash between the decision and its answer",
    story(s) {
      s.goTo("switched");
      s.see({
        type: "answered",
        gate: "way-back",
        attempt: s.release.gates["way-back"]?.id ?? "",
        answer: { verdict: "pass", summary: "ok", evidence: s.evidence() },
      });
      // The driver flipped and died before it could say so.
      s.moveRoute({ verb: "flip", bundle: "green" }, { kind: "policy", id: "release:r1" });
      expect(s.route?.live).toBe("green");
      expect(s.ask({ type: "abort", reason: "stop" })).toBeNull();
      s.settle();
      expect(s.route).toMatchObject({ live: "blue", stable: "blue" });
      expect(s.release.outcome?.kind).toBe("halted");
    },
  },
  {
    name: "a move of a driver that lost its lease is taken back when it lands after the end",
    source: "argo-rollouts#2117",
    story(s) {
      s.goTo("evals");
      s.ask({ type: "abort", reason: "stop" });
      s.settle();
      s.moveRoute({ verb: "flip", bundle: "green" });
      s.look();
      expect(s.route?.live).toBe("blue");
    },
  },
  {
    name: "a hand on the route that changes nothing of the release does not disturb it",
    source: "generations move for other reasons too",
    story(s) {
      s.goTo("evals");
      s.moveRoute({ verb: "hold", why: "looking" }, ana);
      s.moveRoute({ verb: "release" }, ana);
      s.goTo("quarantine");
      expect(s.route?.live).toBe("green");
    },
  },
  {
    name: "a route that is held lets no release forward, and lets it go on by itself once it is free",
    source: "a held pointer, visible to everybody",
    story(s) {
      s.goTo("evals");
      s.moveRoute({ verb: "hold", why: "freeze week" }, ben);
      s.passGates();
      expect(s.release).toMatchObject({ held: { because: "route" }, switch: null });
      s.moveRoute({ verb: "release" }, ben);
      s.look();
      expect(s.release.switch).not.toBeNull();
    },
  },
  {
    name: "a refused move holds with the router's own words, and is tried again on resume",
    source: "a flip that nobody serves",
    story(s) {
      s.goTo("switched");
      s.see({
        type: "answered",
        gate: "way-back",
        attempt: s.release.gates["way-back"]?.id ?? "",
        answer: { verdict: "pass", summary: "ok", evidence: s.evidence() },
      });
      const flip = s.release.outbox.find(({ kind }) => kind === "move");
      s.see({
        type: "refused",
        key: flip?.key ?? "",
        refusal: "bundle-not-served",
        message: "nobody serves it",
      });
      expect(s.release.held).toMatchObject({ because: "route", why: "nobody serves it" });
      s.ask({ type: "resume", reason: "started one" });
      s.settle();
      expect(s.release.switch).not.toBeNull();
    },
  },
]);

tellAll("hooks, canaries and timing [RELEASE-SCENARIOS]", [
  {
    name: "a hook that refuses before the switch halts: no answer is a no",
    source: "ECS: hooks fail closed",
    options: { plan: { hooks: { around: ["evals"] } } },
    story(s) {
      s.goTo("smoke");
      const [gate] = s.asked();
      s.see({
        type: "answered",
        gate: gate ?? "smoke",
        attempt: s.release.gates.smoke?.id ?? "",
        answer: { verdict: "pass", summary: "ok", evidence: s.evidence() },
      });
      const hook = s.release.outbox.find(({ kind }) => kind === "hook");
      s.see({ type: "failed", key: hook?.key ?? "", why: "did not answer" });
      s.settle();
      expect(s.release.outcome?.kind).toBe("halted");
    },
  },
  {
    name: "a hook that refuses after the switch holds, and is called again under the same key on retry",
    source: "flagger#1248: hooks fired repeatedly, with nothing to tell them apart",
    options: { plan: { hooks: { around: ["quarantine"] } } },
    story(s) {
      s.goTo("draining");
      s.see({ type: "drained", bundle: "blue" });
      const hook = s.release.outbox.find(({ kind }) => kind === "hook");
      s.see({ type: "failed", key: hook?.key ?? "", why: "webhook down" });
      expect(s.release.held).toMatchObject({ because: "hook" });
      expect(s.ask({ type: "retry", reason: "it is back" })).toBeNull();
      expect(s.release.outbox.find(({ kind }) => kind === "hook")?.key).toBe(hook?.key);
      s.settle();
      expect(s.release.phase).toBe("quarantine");
    },
  },
  {
    name: "a canary step lasts its full time, and a growing share keeps one salt",
    source: "heygen-com/hyperframes#2840: users flip arm when the percentage changes",
    options: { plan: { rollout: "canary" } },
    story(s) {
      s.goTo("canary");
      const salt = s.route?.canary?.salt;
      s.clear();
      s.pass(50 * minute);
      expect(s.route?.canary?.percent).toBe(5);
      s.pass(20 * minute);
      expect(s.route?.canary).toMatchObject({ percent: 25, salt });
    },
  },
  {
    name: "blue-green has no canary, a canary has three steps, both is five per cent and then everything",
    source: "one plan for all three",
    options: { plan: { rollout: "canary-then-blue-green" } },
    story(s) {
      s.goTo("canary");
      expect(s.release.plan.canary.steps).toEqual([{ percent: 5, forMs: hour }]);
      s.goTo("quarantine");
      expect(s.route?.canary).toBeNull();
    },
  },
  {
    name: "a holdback stays until the end of quarantine and goes with it",
    source: "Kayenta: compare with a fresh baseline of the same time",
    options: { plan: { holdbackPercent: 5 } },
    story(s) {
      s.goTo("quarantine");
      expect(s.route?.holdback?.percent).toBe(5);
      s.goTo("recycled");
      expect(s.route?.holdback).toBeNull();
    },
  },
  {
    name: "quarantine is a state of the release: going back is one move all through it",
    source: "CodeDeploy cannot roll back once the deployment has ended; flagger#453, #468",
    options: { plan: watched },
    story(s) {
      s.goTo("quarantine");
      for (let i = 0; i < 47; i++) {
        s.say({ "pass-rate": "clear", latency: "clear" });
        s.pass(hour);
      }
      s.say(alarm);
      expect(s.route?.live).toBe("blue");
    },
  },
  {
    name: "the last runs decide, not a timer: draining ends when blue is empty",
    source: "argo-rollouts#4597: a timer kills pods while workflows run there",
    options: { plan: { strategy: "drain" } },
    story(s) {
      s.goTo("draining");
      s.pass(10 * hour);
      expect(s.release.phase).toBe("draining");
      s.see({ type: "drained", bundle: "blue" });
      expect(s.release.phase).toBe("quarantine");
    },
  },
  {
    name: "blue is kept for good where the plan says never, and goes at once where it says immediately",
    source: "argo-rollouts#501, #813: what does 0 mean",
    options: { plan: { recycle: "never" } },
    story(s) {
      s.goTo("recycled");
      s.clear();
      s.pass(hour);
      expect(s.release.outcome?.kind).toBe("completed");
      expect(s.route?.retiring).toMatchObject([{ bundle: "blue" }]);
    },
  },
  {
    name: "the first bundle of an agent: floors and smoke only, recorded as such, and no way back to invent",
    source: "Argo Rollouts: analysis is skipped on the first deploy, silently",
    options: { first: true, plan: { rollout: "canary", ...watched } },
    story(s) {
      s.goTo("quarantine");
      expect(s.release.skipped).toMatchObject([
        { gate: "shadow", by: { kind: "policy", id: "first-release" } },
      ]);
      expect(s.release.gates.evals?.verdict).toBe("pass");
      expect(s.route).toMatchObject({ live: "green", stable: "green" });
      s.say(alarm);
      expect(s.release).toMatchObject({ held: { because: "frozen" }, outcome: null });
    },
  },
  {
    name: "an emergency goes forward where nothing stands behind it, with the way back passed over by name",
    source: "argo-rollouts#1416, #1774, #995, #3110: stuck when stable is the broken one",
    options: { emergency: true },
    story(s) {
      s.goTo("shadow");
      s.passGates();
      expect(s.release.switch).not.toBeNull();
      expect(s.release.skipped).toMatchObject([{ gate: "way-back", by: ana }]);
    },
  },
  {
    name: "superseding an unproven bundle keeps the proven one as the way back",
    source: "Argo Rollouts: rollback goes to the last stable, never to the half-done one",
    options: { takesOver: "supersedes", route: { live: "half-done", stable: "blue" } },
    story(s) {
      s.goTo("quarantine");
      expect(s.route).toMatchObject({ live: "green", stable: "blue" });
      s.say({ "hard-errors": "alarm" });
      expect(s.route?.live).toBe("blue");
    },
  },
  {
    name: "halting a superseding release leaves the bundle before it where it was",
    source: "argo-rollouts#1690, #1852",
    options: { takesOver: "supersedes", route: { live: "half-done", stable: "blue" } },
    story(s) {
      s.goTo("evals");
      s.answer("evals", "fail");
      expect(s.route).toMatchObject({ live: "half-done", stable: "blue", candidate: null });
    },
  },
  {
    name: "taking over from a proven bundle settles it first, so that it is what one goes back to",
    source: "hand-over in quarantine",
    options: { takesOver: "settles", route: { live: "blue", stable: "older" } },
    story(s) {
      s.goTo("smoke");
      expect(s.route).toMatchObject({ live: "blue", stable: "blue", candidate: "green" });
    },
  },
]);
