/** A tool as a function of one argument; what follows it (call options) is passed on and not compared. */
export type ToolFunction = (...args: never[]) => unknown;

/** Wraps the tools of one run. */
export interface ToolWrapper {
  /** The same function, recorded or guarded. */
  tool<F extends ToolFunction>(name: string, fn: F): F;
  /**
   * Every tool of a set: functions, and objects through each member by which frameworks call a tool (`execute`, `invoke`,
   * `call`, `callTool`, `run`, `handler`, `func`). What has none of them stays as it is.
   */
  tools<T extends Readonly<Record<string, object>>>(set: T): T;
}

/** How tools are wrapped. */
export interface Wrapping {
  /** Wraps one; `owner` is what it is called on, where that is not left to the caller. */
  wrap(name: string, fn: ToolFunction, owner?: object): ToolFunction;
  /**
   * True where other members that a tool inherits go on working on the tool itself, private fields included, and so may
   * call it; false where they see the copy, and meet the wrapped members.
   */
  readonly trusting: boolean;
}

/** The members by which a tool object runs, in the frameworks there are. */
const callMembers: ReadonlySet<string> = new Set([
  "execute",
  "invoke",
  "call",
  "callTool",
  "run",
  "handler",
  "func",
  "_call",
]);

/** The members of an object and of what it inherits, nearest first, without those every object has. */
function membersOf(value: object): Map<string, PropertyDescriptor> {
  const members = new Map<string, PropertyDescriptor>();
  for (
    let at: object | null = value;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name !== "constructor" && !members.has(name)) members.set(name, member);
    }
  }
  return members;
}

/** A member as the copy is to have it; undefined where the one it inherits will do. */
function memberFor(
  tool: object,
  name: string,
  member: PropertyDescriptor,
  wrap: (fn: ToolFunction) => ToolFunction,
  trusting: boolean,
): PropertyDescriptor | undefined {
  const { get, value, enumerable = true } = member;
  if (callMembers.has(name)) {
    const callable: unknown = Reflect.get(tool, name);
    if (typeof callable !== "function") return member;
    return { value: wrap(callable as ToolFunction), enumerable, writable: true, configurable: true };
  }
  if (Object.hasOwn(tool, name)) return member;
  if (!trusting) return undefined;
  if (typeof value === "function") return { ...member, value: value.bind(tool) };
  return get === undefined ? member : { enumerable, configurable: true, get: () => Reflect.get(tool, name) };
}

function wrapObject(tool: object, name: string, { wrap, trusting }: Wrapping): object {
  const members = membersOf(tool);
  if (![...members.keys()].some((member) => callMembers.has(member))) return tool;
  const copy: object = Object.create(Object.getPrototypeOf(tool));
  for (const [member, described] of members) {
    const own = memberFor(tool, member, described, (fn) => wrap(name, fn, tool), trusting);
    if (own !== undefined) Object.defineProperty(copy, member, own);
  }
  return copy;
}

/** Every tool of a set, wrapped: functions are called on the set, objects on themselves, as they would be without. */
export function wrapTools<T extends Readonly<Record<string, object>>>(set: T, wrapping: Wrapping): T {
  const wrapped: Record<string, unknown> = {};
  for (const [name, { enumerable }] of membersOf(set)) {
    const tool: unknown = Reflect.get(set, name);
    if (typeof tool === "function") wrapped[name] = wrapping.wrap(name, tool as ToolFunction, set);
    else if (typeof tool === "object" && tool !== null) wrapped[name] = wrapObject(tool, name, wrapping);
    else if (enumerable === true) wrapped[name] = tool;
  }
  return wrapped as T;
}
