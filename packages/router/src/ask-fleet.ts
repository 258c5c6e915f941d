import {
  type BundleRecord,
  type MoveRequest,
  type MoveResult,
  type NodeView,
  type Route,
  type StoreEntry,
  VerdigrisError,
} from "@verdigris/contracts";
import type { AuditFacts } from "./audit.ts";
import type { Decision } from "./decide-move.ts";
import { nodesAhead } from "./find-past.ts";
import { servedBy } from "./serves.ts";

/** What the node records say to a move: an answer that ends it, or what is noted with it. */
export interface FleetWord {
  readonly answer: MoveResult | null;
  /** Nobody can say what the move asks of the fleet. */
  readonly unverified: boolean;
  readonly facts: Pick<AuditFacts, "shutOut">;
}

const silent: FleetWord = { answer: null, unverified: false, facts: {} };

/** The ids that an audit entry has room for. */
const mostNamed = 100;

function aboutServing(
  nodes: readonly NodeView[],
  bundle: string,
  record: StoreEntry | null,
  route: Route | null,
): FleetWord {
  const { manifest } = JSON.parse(record?.value ?? "{}") as Partial<BundleRecord>;
  const serving = servedBy(nodes, bundle, manifest?.code);
  if (serving !== "not-served") return { ...silent, unverified: serving === "unverified" };
  const message = `no live process serves ${bundle}: start one that does, or flip to a bundle that is served`;
  return { ...silent, answer: { outcome: "refused", refusal: "bundle-not-served", message, route } };
}

/** Nodes of a still later format read this one as well; nobody knows what a process without a record reads. */
function aboutFormat(all: readonly NodeView[], to: number, force: boolean, route: Route | null): FleetWord {
  const living = all.filter(({ expired }) => !expired);
  const nodes = living.filter(({ readable, formats }) => readable && formats.record < to);
  if (nodes.length === 0) return { ...silent, unverified: living.length === 0 };
  const names = nodes.map(({ id, name }) => name ?? id);
  if (force) return { ...silent, facts: { shutOut: nodes.slice(0, mostNamed).map(({ id }) => id) } };
  const some =
    names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
  const message = `format ${to} would shut out ${some}: upgrade them first, or force it and say why`;
  return { ...silent, answer: { outcome: "refused", refusal: "nodes-shut-out", message, route, nodes } };
}

/** An agent without a route whose nodes have one in force is no new agent. */
function aboutOpening(nodes: readonly NodeView[]): void {
  const [node] = nodesAhead(nodes, null);
  if (node === undefined) return;
  const { id, generation, incarnation } = node;
  throw new VerdigrisError(
    "store-regressed",
    `the store has no route, yet ${id} has generation ${generation} of ${incarnation} in force: the store lost it; reanchor instead of opening another`,
    { node: id, known: generation, found: null },
  );
}

/** Asks the node records what a decided move needs to know of them: one list, and none for most moves. */
export async function askFleet(
  list: () => Promise<readonly NodeView[]>,
  { move }: MoveRequest,
  decision: Extract<Decision, { readonly answer: null }>,
  record: StoreEntry | null,
  route: Route | null,
): Promise<FleetWord> {
  if (move.verb === "raiseFormat") return aboutFormat(await list(), move.to, move.force === true, route);
  if (move.verb === "open") aboutOpening(await list());
  if (move.verb === "flip" && decision.needsServing)
    return aboutServing(await list(), move.bundle, record, route);
  return silent;
}
