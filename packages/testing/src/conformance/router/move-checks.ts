import type { Route, RouteMove, Router } from "@verdigris/contracts";
import { failsWith, mustMove, openRoute, type RouterCheck, same, send } from "./subject.ts";

const forward: readonly RouteMove[] = [
  { verb: "stage", bundle: "amber" },
  { verb: "setCanary", percent: 50 },
  { verb: "flip", bundle: "green" },
  { verb: "settle" },
  { verb: "seal", bundle: "amber" },
  { verb: "recycle", bundle: "amber" },
  { verb: "release" },
];

/** What moves do, one router at a time. */
export const moveChecks: readonly RouterCheck[] = [
  {
    name: "a flip followed by a rollback restores the route, two generations on [I9]",
    async run({ router }) {
      await openRoute(router);
      await mustMove(router, { verb: "stage", bundle: "green" });
      await mustMove(router, { verb: "setCanary", percent: 5 });
      await mustMove(router, { verb: "flip", bundle: "green", holdbackPercent: 5 });
      await mustMove(router, { verb: "rollback" });
      const { live, stable, candidate, canary, holdback, generation } = await current(router);
      same(
        "the route",
        { live, stable, candidate, canary, holdback, generation },
        { live: "blue", stable: "blue", candidate: null, canary: null, holdback: null, generation: 5 },
      );
      same("where runs go", router.assign("k").bundle, "blue");
    },
  },
  {
    name: "a rollback in mid-canary clears the canary and retires the candidate [I9]",
    async run({ router }) {
      await openRoute(router);
      await mustMove(router, { verb: "stage", bundle: "green" });
      await mustMove(router, { verb: "setCanary", percent: 50 });
      const route = await mustMove(router, { verb: "rollback" });
      same("the candidate", [route.candidate, route.canary], [null, null]);
      same(
        "the retiring",
        route.retiring.map(({ bundle, rolledBack }) => [bundle, rolledBack]),
        [["green", true]],
      );
      same("again", (await send(router, { verb: "rollback" })).outcome, "unchanged");
    },
  },
  {
    name: "a forward move without expect is invalid-argument [ROUTE-EXPECT]",
    async run({ router }) {
      await openRoute(router);
      for (const move of forward) {
        await failsWith("invalid-argument", () =>
          router.move({ move, actor: { kind: "person", id: "ana" }, reason: "no generation named" }),
        );
      }
    },
  },
  {
    name: "a move at another generation is a conflict that carries the current route [ROUTE-EXPECT]",
    async run({ router }) {
      await openRoute(router);
      await mustMove(router, { verb: "stage", bundle: "green" });
      for (const move of [...forward, { verb: "rollback" } as const]) {
        const result = await send(router, move, { expect: 1 });
        same("the outcome", [result.outcome, result.route?.generation], ["conflict", 2]);
      }
    },
  },
  {
    name: "the same request id moves the route once [I11]",
    async run({ router }) {
      await openRoute(router);
      const requestId = "deploy-7";
      const flip = { verb: "flip", bundle: "green" } as const;
      await mustMove(router, flip, { requestId, expect: 1 });
      await mustMove(router, { verb: "settle" });
      const again = await send(router, flip, { requestId, expect: 1 });
      same("the answer", again.outcome === "duplicate" && again.generation, 2);
      same("the current route in it", again.route?.generation, 3);
    },
  },
  {
    name: "a bundle that nobody registered is refused",
    async run({ router }) {
      await openRoute(router);
      for (const verb of ["stage", "flip"] as const) {
        const result = await send(router, { verb, bundle: "nobody-registered-this" });
        same("the refusal", result.outcome === "refused" && result.refusal, "bundle-unknown");
      }
      same("the generation", (await current(router)).generation, 1);
    },
  },
  {
    name: "a hold refuses what goes forward and nothing that goes back [ROUTE-HOLD] [ROUTE-SAFE-DIRECTION]",
    async run({ router }) {
      await openRoute(router);
      await mustMove(router, { verb: "stage", bundle: "green" });
      await mustMove(router, { verb: "setCanary", percent: 50 });
      await mustMove(router, { verb: "hold", why: "an incident" });
      for (const move of forward.filter(({ verb }) => verb !== "release" && verb !== "setCanary")) {
        const result = await send(router, move);
        same(`the refusal of ${move.verb}`, result.outcome === "refused" && result.refusal, "held");
      }
      const raised = await send(router, { verb: "setCanary", percent: 51 });
      same("raising", raised.outcome === "refused" && raised.refusal, "held");
      await mustMove(router, { verb: "setCanary", percent: 10 });
      await mustMove(router, { verb: "rollback" });
    },
  },
  {
    name: "a person's hold outlasts machines [ROUTE-HOLD]",
    async run({ router }) {
      await openRoute(router);
      await mustMove(router, { verb: "hold", why: "an incident" });
      const machine = { kind: "machine", id: "timer" } as const;
      const result = await send(router, { verb: "release" }, { actor: machine });
      same("the refusal", result.outcome === "refused" && result.refusal, "held-by-person");
      same("released", (await mustMove(router, { verb: "release" })).held, null);
    },
  },
  {
    name: "a retiring bundle is sealed before it is recycled [I6]",
    async run({ router }) {
      await openRoute(router);
      await mustMove(router, { verb: "flip", bundle: "green" });
      const early = await send(router, { verb: "seal", bundle: "blue" });
      same("sealing the stable bundle", early.outcome === "refused" && early.refusal, "not-retiring");
      await mustMove(router, { verb: "settle" });
      const unsealed = await send(router, { verb: "recycle", bundle: "blue" });
      same("recycling unsealed", unsealed.outcome === "refused" && unsealed.refusal, "not-sealed");
      await mustMove(router, { verb: "seal", bundle: "blue" });
      const back = await send(router, { verb: "flip", bundle: "blue" });
      same("flipping to a sealed bundle", back.outcome === "refused" && back.refusal, "bundle-sealed");
      const route = await mustMove(router, { verb: "recycle", bundle: "blue" });
      same("what is left", [route.retiring, route.sealed], [[], []]);
    },
  },
];

async function current(router: Router): Promise<Route> {
  const route = (await router.refresh())?.route;
  if (route === undefined) throw new Error("there should be a route");
  return route;
}
