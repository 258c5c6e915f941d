import type { Store } from "@verdigris/contracts";
import { CliError } from "../cli-error.ts";
import { storeLabel } from "./store-url.ts";

/** At most so many are looked for: a list of more helps nobody. */
const mostAgents = 50;

/** What an agent's records begin with, in the order of keys; what stands below a team's prefix begins with an agent's name instead. */
const kinds: ReadonlySet<string> = new Set([
  ...[
    "audit",
    "blob",
    "bundle",
    "chunk",
    "claim",
    "denied",
    "drill",
    "drilling",
    "evidence",
    "index",
    "lease",
  ],
  ...[
    "moved",
    "node",
    "notice",
    "pin",
    "release",
    "releasing",
    "route",
    "state",
    "step",
    "swept",
    "switch",
    "usage",
    "window",
  ],
]);

/** Names that a store holds records under: agents, and prefixes with agents below them. One look per name. */
export async function namesIn(
  store: Store,
): Promise<{ readonly agents: readonly string[]; readonly prefixes: readonly string[] }> {
  const agents: string[] = [];
  const prefixes: string[] = [];
  let after: string | undefined;
  while (agents.length + prefixes.length < mostAgents) {
    const options = after === undefined ? { limit: 1 } : { after, limit: 1 };
    const [first, kind = ""] = (await store.list("", options)).entries[0]?.key.split("/") ?? [];
    if (first === undefined) break;
    if (kinds.has(kind)) agents.push(first);
    else prefixes.push(`${first}/`);
    // "0" is the character after "/": everything below the name is passed over.
    after = `${first}0`;
  }
  return { agents, prefixes };
}

function pairsOf(text: string): ReadonlySet<string> {
  const letters = `^${text.toLowerCase()}$`;
  return new Set(Array.from({ length: letters.length - 1 }, (_, at) => letters.slice(at, at + 2)));
}

/** How alike two names are, by the pairs of letters they share: 1 for the same, 0 for nothing in common. */
function likeness(a: string, b: string): number {
  const [left, right] = [pairsOf(a), pairsOf(b)];
  const shared = [...left].filter((pair) => right.has(pair)).length;
  return (2 * shared) / (left.size + right.size);
}

/** Names, the one most like `name` first. */
export function nearest(name: string, names: readonly string[]): readonly string[] {
  return [...names].sort((a, b) => likeness(name, b) - likeness(name, a) || (a < b ? -1 : 1));
}

/** Says that nobody ever wrote anything under this name, and which names there are. */
export async function unknownAgent(store: Store, address: string, agent: string): Promise<CliError> {
  const { agents, prefixes } = await namesIn(store);
  const [first, ...others] = nearest(agent, agents);
  const where = storeLabel(address);
  const below =
    prefixes.length === 0 ? "" : `; others stand below ${prefixes.slice(0, 5).join(", ")}, see --prefix`;
  if (first === undefined)
    return new CliError("agent-unknown", `there is no agent ${agent} in ${where}, and no other${below}`);
  const more = others.length === 0 ? "" : `; there are also ${others.slice(0, 5).join(", ")}`;
  const rest = others.length > 5 ? " and more" : "";
  return new CliError(
    "agent-unknown",
    `there is no agent ${agent} in ${where}: did you mean ${first}?${more.replace("?", "")}${rest}${below}`,
  );
}
