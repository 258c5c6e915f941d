import { expect } from "vitest";
import { tellAll } from "./scenario.ts";
import { hour, minute } from "./simulation.ts";

tellAll("verdicts [RELEASE-SCENARIOS]", [
  {
    name: "a timer never outranks a verdict: an inconclusive gate waits, however long the plan's clocks run",
    source: "argo-rollouts#3850, #3873",
    story(s) {
      s.goTo("evals");
      s.answer("evals", "inconclusive");
      s.pass(20 * hour);
      expect(s.release).toMatchObject({ phase: "evals", held: { because: "verdict" }, switch: null });
    },
  },
  {
    name: "an attempt that is stopped early is no success",
    source: "Argo Rollouts: an analysis stopped early counts as Successful",
    story(s) {
      s.goTo("evals");
      s.pass(hour);
      expect(s.release.phase).toBe("evals");
      s.pass(24 * hour);
      expect(s.release.outcome).toMatchObject({ kind: "halted" });
      expect(s.route?.live).toBe("blue");
    },
  },
  {
    name: "zero points are never a pass: a pass without evidence was not measured",
    source: "argo-rollouts#1360, #4393",
    story(s) {
      s.goTo("evals");
      for (let i = 0; i < 4; i++) {
        s.answer("evals", "pass", null);
        s.pass(10 * minute);
      }
      expect(s.release).toMatchObject({ phase: "evals", held: { because: "verdict" } });
      expect(s.release.gates.evals?.verdict).toBe("error");
    },
  },
  {
    name: "could-not-measure is asked again three times with growing delays, and holds at the fourth in a row",
    source: "Argo Rollouts: consecutive error limit of 4",
    story(s) {
      s.goTo("evals");
      for (let i = 1; i <= 3; i++) {
        s.answer("evals", "error", null);
        expect(s.release.held).toBeNull();
        expect(s.asked()).toEqual([]);
        s.pass(2 * minute);
        expect(s.asked()).toEqual(["evals"]);
      }
      s.answer("evals", "error", null);
      expect(s.release).toMatchObject({ phase: "evals", held: { because: "verdict" } });
      expect(s.told).toContain("held");
    },
  },
  {
    name: "errors count in a row: one real answer between them begins the count anew",
    source: "Argo Rollouts: consecutive, not cumulative",
    story(s) {
      s.goTo("smoke");
      for (let i = 0; i < 3; i++) {
        s.answer("smoke", "error", null);
        s.pass(5 * minute);
      }
      s.answer("smoke", "pass");
      expect(s.release.phase).toBe("evals");
      s.answer("evals", "error", null);
      expect(s.release.gates.evals?.errors).toBe(1);
      expect(s.release.held).toBeNull();
    },
  },
  {
    name: "results that are not comparable hold like inconclusive ones, and pass nobody",
    source: "eval sets that changed between two runs",
    story(s) {
      s.goTo("evals");
      s.answer("evals", "incomparable");
      s.pass(hour);
      expect(s.release).toMatchObject({ phase: "evals", held: { because: "verdict" } });
    },
  },
  {
    name: "a failing gate halts, takes the candidate off the route, and leaves users where they were",
    source: "Argo Rollouts: Failed aborts",
    story(s) {
      s.goTo("evals");
      expect(s.route?.candidate).toBe("green");
      s.answer("evals", "fail");
      expect(s.release.outcome?.kind).toBe("halted");
      expect(s.route).toMatchObject({ live: "blue", stable: "blue", candidate: null, canary: null });
    },
  },
  {
    name: "a retry judges fresh: the halted round's answers and approvals count for nothing",
    source: "argo-rollouts#841, #2824",
    story(s) {
      s.goTo("evals");
      s.answer("evals", "fail");
      const old = s.release.gates.evals?.id ?? "";
      const oldEvidence = s.evidence();
      expect(s.ask({ type: "retry", reason: "the eval set was wrong" })).toBeNull();
      s.settle();
      expect(s.release).toMatchObject({ phase: "built", outcome: null, round: 2, approvals: [] });
      s.goTo("evals");
      expect(s.release.gates.evals?.id).not.toBe(old);
      expect(s.evidence()).not.toBe(oldEvidence);
      s.see({
        type: "answered",
        gate: "evals",
        attempt: old,
        answer: { verdict: "pass", summary: "late", evidence: oldEvidence },
      });
      expect(s.release.phase).toBe("evals");
      expect(s.release.gates.evals?.verdict).toBeNull();
    },
  },
  {
    name: "a retry at a gate asks under another attempt, and the old answer comes too late",
    source: "argo-rollouts#841",
    story(s) {
      s.goTo("evals");
      s.answer("evals", "inconclusive");
      const old = s.release.gates.evals?.id;
      s.ask({ type: "retry", reason: "more cases" });
      expect(s.release.held).toBeNull();
      expect(s.release.gates.evals?.id).not.toBe(old);
      expect(s.asked()).toEqual(["evals"]);
    },
  },
  {
    name: "an answer of an attempt nobody waits for changes nothing",
    source: "each attempt has its own id",
    story(s) {
      s.goTo("smoke");
      const before = s.release;
      s.see({
        type: "answered",
        gate: "smoke",
        attempt: "r1.99.gate",
        answer: { verdict: "pass", summary: "?", evidence: null },
      });
      expect(s.release).toBe(before);
    },
  },
  {
    name: "resuming a gate that could not tell asks it again; it does not wave it through",
    source: "argo-rollouts#3850: resumed into promotion",
    story(s) {
      s.goTo("evals");
      s.answer("evals", "inconclusive");
      s.ask({ type: "resume", reason: "go on" });
      expect(s.release.phase).toBe("evals");
      expect(s.asked()).toEqual(["evals"]);
    },
  },
  {
    name: "a gate has a time, and what is not answered in it halts before the switch",
    source: "flagger#738",
    options: { plan: { gates: { smoke: { timeout: "30m" } } } },
    story(s) {
      s.goTo("smoke");
      s.pass(29 * minute);
      expect(s.release.outcome).toBeNull();
      s.pass(2 * minute);
      expect(s.release.outcome?.kind).toBe("halted");
    },
  },
]);
