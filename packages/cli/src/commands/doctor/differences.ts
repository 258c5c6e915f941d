import type { NodeView } from "@verdigris/contracts";
import { type Finding, finding } from "./finding.ts";

/** Processes that say the same. */
interface Group {
  readonly value: string | null;
  readonly nodes: readonly NodeView[];
}

/** The first few, so that a fleet of hundreds is one line. */
export function namesOf(nodes: readonly NodeView[]): string {
  const names = nodes.slice(0, 5).map(({ name, id }) => name ?? id);
  return nodes.length > names.length
    ? `${names.join(", ")} and ${nodes.length - names.length} more`
    : names.join(", ");
}

function count(nodes: readonly NodeView[]): string {
  return nodes.length === 1 ? namesOf(nodes) : `${nodes.length} processes`;
}

/** By what they say, the most common first; those that say nothing are left out. */
function groupsOf(
  nodes: readonly NodeView[],
  said: (node: NodeView) => string | null | undefined,
): readonly Group[] {
  const groups = new Map<string | null, NodeView[]>();
  for (const node of nodes) {
    const value = said(node);
    if (value !== undefined) groups.set(value, [...(groups.get(value) ?? []), node]);
  }
  return [...groups]
    .map(([value, of]) => ({ value, nodes: of }))
    .sort((a, b) => b.nodes.length - a.nodes.length);
}

/** `node 22.12.0 (11 processes) and node 20.19.0 (pod-7)`: whoever is in the minority is named. */
function sharesOf(groups: readonly Group[]): string {
  return groups
    .map(({ value, nodes }, at) => `${value ?? "none"} (${at === 0 ? count(nodes) : namesOf(nodes)})`)
    .join(", ");
}

/** What all living processes should have in common, and who has not. */
function common(
  what: string,
  nodes: readonly NodeView[],
  said: (node: NodeView) => string | null | undefined,
  same: (value: string | null) => string,
): Finding[] {
  const groups = groupsOf(nodes, said);
  const [first] = groups;
  if (first === undefined) return [];
  return groups.length === 1
    ? [finding(what, "ok", same(first.value))]
    : [finding(what, "warning", `processes differ: ${sharesOf(groups)}`)];
}

/** Settings of which only digests are on record: who agrees with whom, never on what. */
function environment(nodes: readonly NodeView[]): Finding[] {
  const saying = nodes.filter(({ environment: of }) => typeof of === "object" && of !== null);
  const names = [...new Set(saying.flatMap(({ environment: of }) => Object.keys(of ?? {})))].sort();
  const differing = names.flatMap((name) => {
    const [most, ...others] = groupsOf(saying, ({ environment: of }) => of?.[name]);
    if (most === undefined || others.length === 0) return [];
    const rest = others.map(({ value, nodes: of }) => {
      if (value === null) return `not set in ${namesOf(of)}`;
      return most.value === null ? `set in ${namesOf(of)}` : `another value in ${namesOf(of)}`;
    });
    const rule = `${most.value === null ? "not set in" : "the same in"} ${count(most.nodes)}`;
    return [finding("environment", "warning", `${name} is ${rule}, ${rest.join(", ")}`)];
  });
  if (differing.length > 0 || names.length === 0) return differing;
  const agree = saying.length === 1 ? `said by ${count(saying)} alone` : `the same in ${count(saying)}`;
  return [finding("environment", "ok", `${names.join(", ")}: ${agree}`)];
}

function regions(nodes: readonly NodeView[]): Finding[] {
  const groups = groupsOf(nodes, ({ region }) => region);
  const silent = nodes.filter(({ region }) => region === undefined);
  if (groups.length === 0) return [];
  const told = groups.map(({ value, nodes: of }) => `${value ?? ""} (${count(of)})`).join(", ");
  return silent.length === 0
    ? [finding("region", "ok", told)]
    : [finding("region", "warning", `${told}; not said by ${namesOf(silent)}`)];
}

/** What living processes have different from each other, beside the bundle. */
export function differences(living: readonly NodeView[]): Finding[] {
  const every = living.length === 2 ? "both" : `all ${living.length}`;
  const all = living.length === 1 ? "the one process runs" : `${every} processes run`;
  const readable = living.filter(({ readable: is }) => is);
  const telemetry = (version: string | null): string =>
    version === null
      ? "no process has an OpenTelemetry provider registered: spans and metrics go nowhere"
      : `providers are registered through @opentelemetry/api ${version} everywhere`;
  return [
    ...common(
      "versions",
      living,
      ({ sdk }) => sdk,
      (sdk) => `${all} Verdigris ${sdk}`,
    ),
    ...common(
      "runtime",
      readable,
      ({ runtime }) => runtime,
      (runtime) => `${all} ${runtime}`,
    ),
    ...common("telemetry", readable, ({ openTelemetry }) => openTelemetry, telemetry),
    ...regions(readable),
    ...environment(readable),
  ];
}
