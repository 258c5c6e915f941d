import type { BundleId } from "@verdigris/contracts";
import { createMoreOften } from "../evidence/more-often.ts";
import type { Drift, DriftBook } from "./drift-book.ts";

/** How often a path of a tool's answers was there, and as what. */
interface PathCounts {
  seen: number;
  readonly types: Map<string, number>;
}

interface ToolShape {
  answers: number;
  readonly paths: Map<string, PathCounts>;
}

/** What tools answer, by shape: types and presence per path, and never a value. */
export interface ResponseShapes {
  /** Notes the shape of one answer of a tool on a bundle. Throws nothing. */
  observe(bundle: BundleId, tool: string, answer: unknown): void;
  /** What the answers on one bundle have that those on another do not, or lack; also reported to the book. */
  compare(watched: BundleId, reference: BundleId): readonly Drift[];
  /** The counts of one tool on one bundle, as plain data: to be shown, or looked through for what must not be there. */
  shapeOf(
    bundle: BundleId,
    tool: string,
  ): Readonly<Record<string, { readonly seen: number; readonly types: Readonly<Record<string, number>> }>>;
}

const mostPaths = 500;
const mostDepth = 8;
/** An object with more members is a map: its keys are data, and are not kept. */
const mostMembers = 40;
const leastAnswers = 20;
const beyondChance = Math.log(100);
/** How often a path may be missing that is as good as always there, or a type turn up that is as good as never. */
const tolerated = 0.01;

/** Creates an empty book of shapes. With a `book` what {@link ResponseShapes.compare} finds is reported there. */
export function createResponseShapes(book?: DriftBook): ResponseShapes {
  const shapes = new Map<BundleId, Map<string, ToolShape>>();
  const moreOften = createMoreOften(tolerated);
  const toolsOf = (bundle: BundleId): Map<string, ToolShape> => {
    const tools = shapes.get(bundle) ?? new Map<string, ToolShape>();
    shapes.set(bundle, tools);
    return tools;
  };
  return {
    observe(bundle, tool, answer) {
      const tools = toolsOf(bundle);
      const shape = tools.get(tool) ?? { answers: 0, paths: new Map() };
      tools.set(tool, shape);
      shape.answers++;
      const found = new Map<string, Set<string>>();
      walk(found, "result", answer, 0);
      for (const [path, types] of found) note(shape, path, types);
    },
    compare(watched, reference) {
      const all: Drift[] = [];
      for (const [tool, now] of toolsOf(watched)) {
        const before = toolsOf(reference).get(tool);
        const found = before === undefined ? [] : compareShapes(tool, now, before, moreOften);
        book?.report(watched, tool, "observed", found);
        all.push(...found);
      }
      return all;
    },
    shapeOf(bundle, tool) {
      const paths = shapes.get(bundle)?.get(tool)?.paths ?? new Map<string, PathCounts>();
      return Object.fromEntries(
        [...paths].map(([path, { seen, types }]) => [path, { seen, types: Object.fromEntries(types) }]),
      );
    },
  };
}

function note({ paths }: ToolShape, path: string, types: ReadonlySet<string>): void {
  let counts = paths.get(path);
  if (counts === undefined) {
    if (paths.size >= mostPaths) return;
    counts = { seen: 0, types: new Map() };
    paths.set(path, counts);
  }
  counts.seen++;
  for (const type of types) counts.types.set(type, (counts.types.get(type) ?? 0) + 1);
}

function walk(found: Map<string, Set<string>>, path: string, value: unknown, depth: number): void {
  const types = found.get(path) ?? new Set<string>();
  found.set(path, types.add(typeOf(value)));
  if (depth >= mostDepth || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value.slice(0, mostMembers)) walk(found, `${path}[]`, item, depth + 1);
    return;
  }
  const members = Object.entries(value);
  for (const [name, member] of members.slice(0, mostMembers))
    walk(
      found,
      members.length > mostMembers || !isName(name) ? `${path}.*` : `${path}.${name}`,
      member,
      depth + 1,
    );
}

/** Members that are names; a key with other characters, or a long number, is data. */
function isName(key: string): boolean {
  return /^[A-Za-z_$][\w$-]{0,63}$/.test(key) && !/\d{4}/.test(key);
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

type MoreOften = ReturnType<typeof createMoreOften>;

function compareShapes(tool: string, now: ToolShape, before: ToolShape, moreOften: MoreOften): Drift[] {
  if (now.answers < leastAnswers || before.answers < leastAnswers) return [];
  const drift = (kind: Drift["class"], path: string, change: string): Drift => ({
    ...{ entry: tool, origin: "observed", class: kind, path, change },
  });
  const missing = [...before.paths].flatMap(([path, { seen }]) => {
    const gone = now.answers - (now.paths.get(path)?.seen ?? 0);
    const wasGone = before.answers - seen;
    const logE = moreOften({ hits: gone, n: now.answers }, { hits: wasGone, n: before.answers });
    if (logE < beyondChance) return [];
    const shares = `${share(gone, now.answers)} of answers, ${share(wasGone, before.answers)} before`;
    return [drift("breaking", path, `is missing more often: ${shares}`)];
  });
  const present = [...now.paths].flatMap(([path, counts]) => {
    const old = before.paths.get(path);
    if (old !== undefined)
      return newTypes(counts, old, moreOften).map((change) => drift("breaking", path, change));
    const isRare = counts.seen < 3;
    return isRare
      ? []
      : [drift("additive", path, `is new, in ${share(counts.seen, now.answers)} of answers`)];
  });
  return [...missing, ...present];
}

function newTypes({ seen, types }: PathCounts, old: PathCounts, moreOften: MoreOften): string[] {
  return [...types].flatMap(([type, hits]) => {
    const before = old.types.get(type) ?? 0;
    if (moreOften({ hits, n: seen }, { hits: before, n: old.seen }) < beyondChance) return [];
    return [`is ${type} more often: ${share(hits, seen)}, ${share(before, old.seen)} before`];
  });
}

function share(count: number, n: number): string {
  return `${Math.round((100 * count) / n)} %`;
}
