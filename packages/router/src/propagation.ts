import { type Clock, type NodeView, type Propagation, pause, type Route } from "@verdigris/contracts";

interface PropagationOptions {
  readonly clock: Clock;
  readonly list: () => Promise<readonly NodeView[]>;
  readonly closing: AbortSignal;
}

const firstWaitMs = 20;
const longestWaitMs = 500;
/** For nodes of unknown patience, and for a store that does not answer. */
const shortestBoundMs = 12_000;
const marginMs = 1_000;

type Target = Pick<Route, "incarnation" | "generation">;

function hasApplied(node: NodeView, target: Target): boolean {
  return node.readable && node.incarnation === target.incarnation && node.generation >= target.generation;
}

/** What one look at the nodes settles; null while some may still apply the move. */
function outcomeOf(seen: readonly NodeView[], target: Target): Propagation["outcome"] | null {
  if (seen.length === 0) return "unverified";
  const behind = seen.filter((node) => !hasApplied(node, target));
  if (behind.length === 0) return "everywhere";
  return behind.every((node) => node.expired) ? "stragglers" : null;
}

/** Watches one move reach the nodes; see `Router.propagation`. */
export async function watchPropagation(options: PropagationOptions, target: Target): Promise<Propagation> {
  const { clock, list, closing } = options;
  const { generation } = target;
  const began = clock.monotonic();
  let nodes: readonly NodeView[] | null = null;
  let boundMs = shortestBoundMs;

  const answer = (outcome: Propagation["outcome"]): Propagation => {
    const all = nodes ?? [];
    const stragglers = Object.freeze(all.filter((node) => !hasApplied(node, target)));
    const elapsedMs = clock.monotonic() - began;
    return Object.freeze({
      outcome,
      generation,
      acknowledged: all.length - stragglers.length,
      stragglers,
      elapsedMs,
    });
  };
  for (let waitMs = firstWaitMs; !closing.aborted; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
    const seen: readonly NodeView[] | null = await list().catch(() => null);
    if (closing.aborted) break;
    nodes = seen ?? nodes;
    const outcome = seen === null ? null : outcomeOf(seen, target);
    if (outcome !== null) return answer(outcome);
    boundMs = Math.max(boundMs, ...(seen ?? []).map((node) => node.expiresMs));
    if (clock.monotonic() - began > boundMs + marginMs)
      return answer(seen === null ? "unknown" : "stragglers");
    await pause(clock, waitMs, closing);
  }
  return answer("cancelled");
}
