import { type RouteMove, recordVersion } from "@verdigris/contracts";
import {
  failsWith,
  mustMove,
  openRoute,
  type RouterCheck,
  type RouterSubject,
  same,
  send,
  within,
} from "./subject.ts";

const onBlue: RouteMove = { verb: "reanchor", bundle: "blue", incarnation: "conformance-2" };

/** Both routers have green in force, and where their route is kept blue is live again. */
async function lose(subject: RouterSubject) {
  const { router, peer } = subject;
  if (peer === undefined || subject.backup === undefined) throw new Error("no peer or no backup");
  await openRoute(router);
  const restore = await subject.backup();
  await mustMove(router, { verb: "flip", bundle: "green" });
  await peer.refresh();
  await restore();
  return { router, peer };
}

/** What must not happen by accident: another format, another history. */
export const lossChecks: readonly RouterCheck[] = [
  {
    name: "a format is raised to one that the process reads, and once [FORMAT-RAISED]",
    async run({ router }) {
      await openRoute(router);
      const raise = (to: number) => send(router, { verb: "raiseFormat", to });
      await failsWith("invalid-argument", () => raise(recordVersion + 1));
      await failsWith("invalid-argument", () => raise(0));
      same("again", (await raise(1)).outcome, "unchanged");
    },
  },
  {
    name: "a reanchor is refused where nothing was lost, and is for people to make [ROUTE-REANCHOR]",
    async run({ router }) {
      const before = await openRoute(router);
      const result = await send(router, onBlue);
      same("the refusal", result.outcome === "refused" && result.refusal, "not-regressed");
      const actor = { kind: "machine", id: "timer" } as const;
      await failsWith("invalid-argument", () => send(router, onBlue, { actor }));
      await failsWith("invalid-argument", () => send(router, onBlue, { reason: "" }));
      same("the route", (await router.refresh())?.route, before);
    },
  },
  {
    name: "a route that was lost is noticed and told, and the older one is not obeyed [ROUTE-REGRESSED]",
    losses: true,
    async run(subject) {
      const { router, peer } = await lose(subject);
      const found: (number | null)[] = [];
      router.on("store-regressed", ({ found: now }) => found.push(now?.generation ?? null));
      for (const each of [router, peer]) {
        await failsWith("store-regressed", () => each.refresh());
        await failsWith("store-regressed", () => send(each, { verb: "rollback" }, { expect: 2 }));
        same("what is in force", [each.snapshot()?.route.generation, each.assign("k").bundle], [2, "green"]);
        if (each.mode() !== null) same("the mode", each.mode(), "closed");
      }
      same("how often it is told", found.length <= 1, true);
    },
  },
  {
    name: "a reanchor goes on above everything known, in one process and then in the others [ROUTE-REANCHOR]",
    losses: true,
    async run(subject) {
      const { router, peer } = await lose(subject);
      const followed: number[] = [];
      peer.on("reanchored", ({ route }) => followed.push(route.route.generation));
      const early = await send(router, onBlue, { expect: 2 });
      same("one decided on what was lost", [early.outcome, early.route?.generation], ["conflict", 1]);
      const route = await mustMove(router, onBlue, { expect: 1 });
      const { incarnation, generation, live, predecessors } = route;
      same(
        "the route",
        { incarnation, generation, live },
        { incarnation: "conformance-2", generation: 3, live: "blue" },
      );
      same(
        "what it succeeds",
        predecessors.map((before) => [before.incarnation, before.generation]),
        [["conformance-1", 2]],
      );
      const late = await send(
        peer,
        { ...onBlue, bundle: "green", incarnation: "conformance-3" } as RouteMove,
        {
          expect: 1,
        },
      );
      same("a second operator", [late.outcome, late.route?.generation], ["conflict", 3]);
      await peer.refresh();
      same(
        "where the peer goes on",
        [peer.snapshot()?.route.generation, peer.assign("k").bundle],
        [3, "blue"],
      );
      same("that it says so", followed, [3]);
      await within(subject, 60_000, "opening", () => (peer.mode() === "closed" ? null : true));
    },
  },
];
