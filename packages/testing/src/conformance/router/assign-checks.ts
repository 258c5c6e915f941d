import type { Router } from "@verdigris/contracts";
import { failsWith, mustMove, openRoute, type RouterCheck, same } from "./subject.ts";

const keys = Array.from({ length: 2_000 }, (_, n) => `tenant-${n % 17}/thread-${n}`);

function onCandidate(router: Router): Set<string> {
  return new Set(keys.filter((key) => router.assign(key).role === "candidate"));
}

function requireSubset(what: string, smaller: Set<string>, larger: Set<string>): void {
  for (const key of smaller) {
    if (!larger.has(key)) throw new Error(`${key} left ${what}`);
  }
}

/** Where new runs go. */
export const assignChecks: readonly RouterCheck[] = [
  {
    name: "assign throws no-route before there is one",
    async run({ router }) {
      same("the snapshot", router.snapshot(), null);
      await failsWith("no-route", () => router.assign("k"));
      same("refresh", await router.refresh(), null);
    },
  },
  {
    name: "every key goes to the live bundle of a new route",
    async run({ router }) {
      await openRoute(router);
      const expected = {
        bundle: "blue",
        role: "live",
        class: "live",
        reason: "live",
        generation: 1,
      } as const;
      for (const key of ["", "k", "é", "日本", "🜨", "\ud800"]) {
        const { bundle, role, class: of, reason, generation } = router.assign(key);
        same("the answer", { bundle, role, class: of, reason, generation }, expected);
      }
    },
  },
  {
    name: "answers and snapshots are frozen",
    async run({ router }) {
      await openRoute(router);
      const snapshot = router.snapshot();
      same("frozen answer", Object.isFrozen(router.assign("k")), true);
      same("frozen snapshot", Object.isFrozen(snapshot) && Object.isFrozen(snapshot?.route), true);
      same("frozen policy", Object.isFrozen(snapshot?.route.policy), true);
    },
  },
  {
    name: "a key never changes side while the percentage grows [I13]",
    async run({ router }) {
      await openRoute(router);
      await mustMove(router, { verb: "stage", bundle: "green" });
      let before = new Set<string>();
      for (const percent of [0, 1, 10, 33.33, 70, 100]) {
        await mustMove(router, { verb: "setCanary", percent });
        const now = onCandidate(router);
        requireSubset("the canary while it grew", before, now);
        if (Math.abs(now.size / keys.length - percent / 100) > 0.06) {
          throw new Error(`${percent} % of the keys should be on the candidate, ${now.size} of 2000 are`);
        }
        before = now;
      }
      same("all keys", before.size, keys.length);
      await mustMove(router, { verb: "setCanary", percent: 10 });
      requireSubset("the canary it was in before it shrank", onCandidate(router), before);
    },
  },
  {
    name: "exclude beats include, and include beats the share",
    async run({ router }) {
      await openRoute(router);
      await mustMove(router, { verb: "stage", bundle: "green" });
      await mustMove(router, {
        verb: "setCanary",
        percent: 0,
        include: { keys: ["friend", "both"], labels: { plan: ["beta"] } },
        exclude: { keys: ["both"], labels: { region: ["eu"] } },
      });
      same("an included key", router.assign("friend").reason, "canary-include");
      same("an included label", router.assign("k", { plan: "beta" }).reason, "canary-include");
      same("another value of the label", router.assign("k", { plan: "free" }).reason, "live");
      same("a key in both", router.assign("both").reason, "live");
      same("an excluded label", router.assign("friend", { region: "eu" }).reason, "live");
    },
  },
  {
    name: "a holdback keeps its share on the stable bundle until settle",
    async run({ router }) {
      await openRoute(router);
      await mustMove(router, { verb: "flip", bundle: "green", holdbackPercent: 20 });
      const kept = keys.filter((key) => router.assign(key).reason === "holdback");
      if (Math.abs(kept.length / keys.length - 0.2) > 0.06)
        throw new Error(`20 % of the keys should be held back, ${kept.length} of 2000 are`);
      same("where they go", router.assign(kept[0] ?? "").bundle, "blue");
      await mustMove(router, { verb: "settle" });
      same("after settle", router.assign(kept[0] ?? "").bundle, "green");
    },
  },
];
