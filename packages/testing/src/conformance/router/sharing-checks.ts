import type { Router } from "@verdigris/contracts";
import { failsWith, mustMove, openRoute, type RouterCheck, same, send } from "./subject.ts";

async function race(routers: readonly Router[], expect: number, bundle: string): Promise<string[]> {
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, n) => {
      const router = routers[n % routers.length] as Router;
      return send(router, { verb: "flip", bundle, supersede: true }, { expect });
    }),
  );
  for (const result of results) {
    if (result.outcome === "conflict") same("the route of a loser", result.route?.generation, expect + 1);
  }
  return results.map(({ outcome }) => outcome).sort();
}

const oneWinner = [...Array.from({ length: 19 }, () => "conflict"), "moved"];

/** What two routers, listeners and the end of a router mean. */
export const sharingChecks: readonly RouterCheck[] = [
  {
    name: "of twenty flips with the same expect exactly one wins [I3]",
    async run({ router }) {
      await openRoute(router);
      for (let round = 1; round <= 5; round++) {
        const bundle = round % 2 === 1 ? "green" : "amber";
        same("the outcomes", await race([router], round, bundle), oneWinner);
      }
    },
  },
  {
    name: "two routers of one agent form one order of moves [I3]",
    needsPeer: true,
    async run({ router, peer }) {
      if (peer === undefined) return;
      await openRoute(router);
      await peer.refresh();
      for (let round = 1; round <= 5; round++) {
        const bundle = round % 2 === 1 ? "green" : "amber";
        same("the outcomes", await race([router, peer], round, bundle), oneWinner);
      }
      const [ours, theirs] = [await router.refresh(), await peer.refresh()];
      same("what both see", ours?.route, theirs?.route);
      same("the revisions", ours?.rev, theirs?.rev);
    },
  },
  {
    name: "refresh shows what another router did [I4]",
    needsPeer: true,
    async run({ router, peer }) {
      if (peer === undefined) return;
      await openRoute(router);
      await mustMove(router, { verb: "flip", bundle: "green" });
      same("the peer", (await peer.refresh())?.route.live, "green");
      same("its answer", peer.assign("k").bundle, "green");
    },
  },
  {
    name: "listeners hear every route once and cannot break the router [I5]",
    async run({ router }) {
      const heard: number[] = [];
      let errors = 0;
      router.on("route", () => {
        throw new Error("a listener's own mistake");
      });
      router.on("router-error", () => {
        errors += 1;
      });
      const stop = router.on("route", ({ route }) => heard.push(route.generation));
      await openRoute(router);
      await mustMove(router, { verb: "flip", bundle: "green" });
      await router.refresh();
      stop();
      stop();
      await mustMove(router, { verb: "rollback" });
      same("what was heard", heard, [1, 2]);
      same("listener errors", errors, 3);
    },
  },
  {
    name: "a closed router rejects refresh and move with closed",
    async run({ router }) {
      await openRoute(router);
      await router.close();
      await router.close();
      await failsWith("closed", () => router.refresh());
      await failsWith("closed", () => send(router, { verb: "rollback" }));
    },
  },
];
