import type { NodeMode, NodeView, Router } from "@verdigris/contracts";
import {
  mustMove,
  openRoute,
  type RouterCheck,
  type RouterSubject,
  same,
  settled,
  within,
} from "./subject.ts";

/** Longer than a process may go on without its source, and than its record may stand after that. */
const longMs = 60_000;

interface Pair {
  readonly router: Router;
  readonly peer: Router;
  readonly nodes: readonly NodeView[];
}

/** Opens the route and waits until both processes are on record with it. */
async function openBoth(subject: RouterSubject): Promise<Pair> {
  const { router, peer } = subject;
  if (peer === undefined) throw new Error("no peer");
  await openRoute(router);
  const nodes = await within(subject, longMs, "the record of every process", async () => {
    const seen = await router.nodes();
    return seen.length === 2 && seen.every(({ generation }) => generation === 1) ? seen : null;
  });
  return { router, peer, nodes };
}

async function cut(subject: RouterSubject, is: boolean): Promise<void> {
  await subject.cutOff?.(is);
}

/** How processes hear of moves, and what they say of themselves. */
export const nodeChecks: readonly RouterCheck[] = [
  {
    name: "a router that keeps no node records says so [NODE-OPTIONAL]",
    nodes: false,
    async run({ router }) {
      await openRoute(router);
      same("the mode", router.mode(), null);
      same("the nodes", await router.nodes(), []);
      const { route } = (await router.refresh()) ?? {};
      if (route === undefined) throw new Error("there should be a route");
      same("the propagation", (await router.propagation(route)).outcome, "unverified");
    },
  },
  {
    name: "every process is on record with what it has applied, reads and serves [NODE-RECORD]",
    nodes: true,
    async run(subject) {
      const { router, peer, nodes } = await openBoth(subject);
      same("distinct ids", new Set(nodes.map(({ id }) => id)).size, 2);
      for (const node of nodes) {
        const { incarnation, expired, readable, mode } = node;
        same(
          "a record",
          { incarnation, expired, readable },
          { incarnation: "conformance-1", expired: false, readable: true },
        );
        same("that it hears", mode === "live" || mode === "polling", true);
        same("what it reads", node.formats.record >= 1 && node.formats.hash >= 1, true);
        same("how it serves", ["any", "code", "listed"].includes(node.serves.kind), true);
      }
      same("the modes", [router.mode(), peer.mode()].includes(null), false);
    },
  },
  {
    name: "a move comes into force in every process by itself, and propagation says when [ROUTE-PROPAGATED]",
    nodes: true,
    async run(subject) {
      const { router, peer } = await openBoth(subject);
      const route = await mustMove(router, { verb: "flip", bundle: "green" });
      const early = router.propagation(route);
      const { outcome, generation, acknowledged, stragglers } = await settled(
        subject,
        longMs,
        "propagation",
        early,
      );
      same(
        "the outcome",
        { outcome, generation, acknowledged, stragglers },
        {
          outcome: "everywhere",
          generation: 2,
          acknowledged: 2,
          stragglers: [],
        },
      );
      same("what the peer starts runs on", peer.assign("k").bundle, "green");
    },
  },
  {
    name: "propagation names who was cut off, in bounded time, and never before it is sure [ROUTE-PROPAGATED]",
    nodes: true,
    async run(subject) {
      const { router, nodes } = await openBoth(subject);
      await cut(subject, true);
      const route = await mustMove(router, { verb: "flip", bundle: "green" });
      const answer = await settled(subject, longMs, "propagation", router.propagation(route));
      same("the outcome", [answer.outcome, answer.acknowledged], ["stragglers", 1]);
      const [straggler, ...more] = answer.stragglers;
      same("how many", more.length, 0);
      same(
        "that it is known",
        nodes.some(({ id }) => id === straggler?.id),
        true,
      );
      same("what it has and is", [straggler?.generation, straggler?.expired], [1, true]);
      const listed = (await router.nodes()).filter(({ expired }) => expired).map(({ id }) => id);
      same("who is listed as gone", listed, [straggler?.id]);
      await cut(subject, false);
      const again = await settled(subject, longMs, "propagation", until(subject, router, route));
      same("the outcome once it is back", again, "everywhere");
    },
  },
  {
    name: "a process that was cut off goes stale, closes, and opens again by itself [NODE-FAIL-CLOSED]",
    nodes: true,
    async run(subject) {
      const { peer } = await openBoth(subject);
      const modes: NodeMode[] = [];
      peer.on("mode", ({ to }) => modes.push(to));
      await cut(subject, true);
      await within(subject, longMs, "closing", () => (peer.mode() === "closed" ? true : null));
      same("the way there", modes.slice(-2), ["stale", "closed"]);
      same("what it knows", peer.assign("k").bundle, "blue");
      await cut(subject, false);
      await within(subject, longMs, "opening", () =>
        ["live", "polling"].includes(peer.mode() ?? "") ? true : null,
      );
    },
  },
  {
    name: "a router that is closed takes its record away and ends what waits for it [NODE-RECORD]",
    nodes: true,
    async run(subject) {
      const { router, peer } = await openBoth(subject);
      await cut(subject, true);
      const route = await mustMove(router, { verb: "flip", bundle: "green" });
      const waiting = router.propagation(route);
      await cut(subject, false);
      await peer.close();
      await within(subject, longMs, "the end of the record", async () =>
        (await router.nodes()).length === 1 ? true : null,
      );
      same("the rest", (await settled(subject, longMs, "propagation", waiting)).outcome, "everywhere");
      const beyond = router.propagation({ ...route, generation: route.generation + 1 });
      await router.close();
      same("after close", (await settled(subject, longMs, "propagation", beyond)).outcome, "cancelled");
    },
  },
];

/** Asks again while a process that is back has not caught up. */
async function until(
  subject: RouterSubject,
  router: Router,
  route: Parameters<Router["propagation"]>[0],
): Promise<string> {
  return within(subject, longMs, "catching up", async () => {
    const behind = (await router.nodes()).some(({ generation }) => generation < route.generation);
    return behind ? null : (await router.propagation(route)).outcome;
  });
}
