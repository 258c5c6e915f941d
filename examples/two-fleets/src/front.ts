import { bundleHeader, type Fleet, type Outcome, type Work } from "./fleet.ts";
import { type Answer, postJson, serveJson } from "./http.ts";
import type { Queues } from "./queues.ts";

/** What a client asks for. */
export interface Asked {
  readonly id: string;
  readonly work: Work;
}

/** What the client is told. */
export interface Told {
  readonly outcome: Outcome;
  /** Fleets the request went through. */
  readonly via: readonly string[];
  /** What the answer's header says: send the next request of this conversation there. */
  readonly header: string | null;
}

/** The front, open. */
export interface Front {
  /** Asks through the front, with the header `x-bundle` where `to` is given. */
  ask(asked: Asked, to?: string): Promise<Told>;
  close(): Promise<void>;
}

/**
 * A load balancer in a few lines: a request goes to the fleet its `x-bundle` names, one without to `fallback`. Nobody has
 * to move it in step with a flip: a run that is accepted in the wrong fleet comes back unplaced and goes to its queue.
 */
export async function openFront(queues: Queues, fallback: Fleet): Promise<Front> {
  const front = await serveJson(async (body, request): Promise<Answer> => {
    const { id, work } = body as Asked;
    const named = request.headers[bundleHeader];
    // The header is a hint: a stale one costs a hop, one that nobody knows says nothing.
    const fleet = (typeof named === "string" ? queues.fleetOf(named) : undefined) ?? fallback;
    const worker = queues.fleets[fleet][0];
    if (worker === undefined) throw new Error(`no process of ${fleet} is left`);
    const first = await queues.deliver(worker, { id, work, done: 0 });
    if (first.kind !== "unplaced")
      return { body: { outcome: first, via: [fleet] }, headers: headerOf(first) };
    const { bundle, token } = first;
    const outcome = await queues.follow(bundle, { token, work, done: 0, takeover: false });
    return {
      body: { outcome, via: [fleet, queues.fleetOf(bundle) ?? "nobody"] },
      headers: headerOf(outcome),
    };
  });
  return {
    async ask(asked, to) {
      const { body, headers } = await postJson(
        front.url,
        asked,
        to === undefined ? {} : { [bundleHeader]: to },
      );
      return { ...(body as Pick<Told, "outcome" | "via">), header: headers.get(bundleHeader) };
    },
    close: () => new Promise((resolve) => front.server.close(() => resolve())),
  };
}

function headerOf(outcome: Outcome): Record<string, string> {
  return "bundle" in outcome ? { [bundleHeader]: outcome.bundle } : {};
}
