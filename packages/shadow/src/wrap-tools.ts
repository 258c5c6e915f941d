/** A tool as a function of one argument; what follows it (call options) is passed on and not compared. */
export type ToolFunction = (...args: never[]) => unknown;

/** Wraps the tools of one run. */
export interface ToolWrapper {
  /** The same function, recorded or guarded. */
  tool<F extends ToolFunction>(name: string, fn: F): F;
  /**
   * Every tool of a set: functions, and of objects every function that can be reached as a member, own or inherited. The
   * members by which frameworks call a tool (`execute`, `invoke`, `call`, `callTool`, `run`, `handler`, `func`) go by its name,
   * any other by `tool.member`, and so do groups of tools: `group.search`. Schemas and what only gives form
   * (`toModelOutput`, `needsApproval`, `toJSON` and the like) stay as they are.
   */
  tools<T extends Readonly<Record<string, object>>>(set: T): T;
}

/** How tools are wrapped. */
export interface Wrapping {
  /** Wraps one; `owner` is what it is called on, where that is not left to the caller. */
  wrap(name: string, fn: ToolFunction, owner?: object): ToolFunction;
  /**
   * True where what is not guarded goes on working on the tool itself, private fields included; false where it sees the
   * copy, and meets the wrapped members.
   */
  readonly trusting: boolean;
}

/** The members by which a tool object runs, in the frameworks there are. */
const callMembers: ReadonlySet<string | symbol> = new Set([
  "execute",
  "invoke",
  "call",
  "callTool",
  "run",
  "handler",
  "func",
  "_call",
]);

/** Members that frameworks ask about a tool and that say what it is or give its answers form: never guarded. */
const formMembers: ReadonlySet<string | symbol> = new Set([
  "description",
  "inputSchema",
  "outputSchema",
  "parameters",
  "schema",
  "toModelOutput",
  "experimental_toToolResultContent",
  "needsApproval",
  "isEnabled",
  "getName",
  "toJSON",
]);

/** Members that are told of a call on its way and answer nothing: silent in a shadow run. */
const listeners: ReadonlySet<string | symbol> = new Set(["onInputStart", "onInputDelta", "onInputAvailable"]);

type Members = Map<string | symbol, PropertyDescriptor>;

/** The members of an object and of what it inherits, nearest first, without those every object has. */
function membersOf(value: object): Members {
  const members: Members = new Map();
  for (
    let at: object | null = value;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const name of Reflect.ownKeys(at)) {
      const member = Object.getOwnPropertyDescriptor(at, name);
      if (member !== undefined && name !== "constructor" && !members.has(name)) members.set(name, member);
    }
  }
  return members;
}

/** A list, or an instance of a class of the platform (a URL, a Map), which a copy could not be. */
function isBuiltIn(value: object): boolean {
  const made = value.constructor;
  if (Array.isArray(value)) return true;
  return typeof made === "function" && made !== Object && Reflect.get(globalThis, made.name) === made;
}

/** True for an object inside a tool that may hold tools itself; a schema does not. */
function isGroup(value: unknown, trusting: boolean): value is object {
  if (typeof value !== "object" || value === null || isBuiltIn(value) || "~standard" in value) return false;
  const inherits: unknown = Object.getPrototypeOf(value);
  if (inherits === Object.prototype || inherits === null) return true;
  // In a user's run an instance stays what it is, unless it is plainly a tool.
  return !trusting || [...callMembers].some((name) => name in value);
}

/** A member that is read when it is asked for, and can be replaced. */
function lazily(name: string | symbol, read: () => unknown, enumerable = true): PropertyDescriptor {
  return {
    enumerable,
    configurable: true,
    get: read,
    set(value: unknown) {
      Object.defineProperty(this, name, { value, enumerable, writable: true, configurable: true });
    },
  };
}

/** What a member holds, wrapped where it can be called. */
function wrapValue(owner: object, tool: string, name: string | symbol, value: unknown, wrapping: Wrapping) {
  const inner = `${tool}.${String(name)}`;
  if (typeof value === "function")
    return wrapping.wrap(callMembers.has(name) ? tool : inner, value as ToolFunction, owner);
  return isGroup(value, wrapping.trusting) ? wrapObject(value, inner, wrapping) : value;
}

/** A member that is not guarded; undefined where the one it inherits will do. */
function unguarded(
  tool: object,
  name: string | symbol,
  member: PropertyDescriptor,
  trusting: boolean,
): PropertyDescriptor | undefined {
  const { get, value, enumerable = true } = member;
  if (Object.hasOwn(tool, name)) return member;
  if (!trusting) return undefined;
  if (typeof value === "function") return { ...member, value: value.bind(tool) };
  return get === undefined ? member : lazily(name, () => Reflect.get(tool, name), enumerable);
}

/** A member as the copy is to have it; undefined where the one it inherits will do. */
function memberFor(
  owner: object,
  tool: string,
  name: string | symbol,
  member: PropertyDescriptor,
  wrapping: Wrapping,
): PropertyDescriptor | undefined {
  const { get, value, enumerable = true } = member;
  const { trusting } = wrapping;
  if (listeners.has(name) && !trusting)
    return { value: () => {}, enumerable, writable: true, configurable: true };
  if (formMembers.has(name) || listeners.has(name)) return unguarded(owner, name, member, trusting);
  const wrapped = (found: unknown) => wrapValue(owner, tool, name, found, wrapping);
  if (get !== undefined) return lazily(name, () => wrapped(Reflect.get(owner, name)), enumerable);
  if (typeof value === "function")
    return { value: wrapped(value), enumerable, writable: true, configurable: true };
  // Later, so that a group that holds itself does not go on for ever.
  if (isGroup(value, trusting)) return lazily(name, () => wrapped(value), enumerable);
  return unguarded(owner, name, member, trusting);
}

/** True where something in it could be called. */
function canBeCalled(members: Members, trusting: boolean): boolean {
  return [...members.values()].some(
    ({ get, value }) => get !== undefined || typeof value === "function" || isGroup(value, trusting),
  );
}

function wrapObject(owner: object, tool: string, wrapping: Wrapping): object {
  const members = isBuiltIn(owner) ? null : membersOf(owner);
  if (members === null || !canBeCalled(members, wrapping.trusting)) return owner;
  const copy: object = Object.create(Object.getPrototypeOf(owner));
  for (const [name, described] of members) {
    const member = memberFor(owner, tool, name, described, wrapping);
    if (member !== undefined) Object.defineProperty(copy, name, member);
  }
  return copy;
}

/**
 * Every tool of a set, wrapped: functions are called on the set, objects on themselves, as they would be without. What a set
 * computes is computed when it is asked for, and fails there.
 */
export function wrapTools<T extends Readonly<Record<string, object>>>(set: T, wrapping: Wrapping): T {
  const wrapped: Record<string, unknown> = {};
  const wrap = (name: string, tool: unknown): unknown => {
    if (typeof tool === "function") return wrapping.wrap(name, tool as ToolFunction, set);
    return typeof tool === "object" && tool !== null ? wrapObject(tool, name, wrapping) : tool;
  };
  for (const [name, { get, value, enumerable }] of membersOf(set)) {
    if (typeof name === "symbol") continue;
    const holds = typeof value === "function" || (typeof value === "object" && value !== null);
    if (get !== undefined)
      Object.defineProperty(
        wrapped,
        name,
        lazily(name, () => wrap(name, Reflect.get(set, name))),
      );
    else if (holds || enumerable === true)
      Object.defineProperty(wrapped, name, {
        value: wrap(name, value),
        enumerable: true,
        writable: true,
        configurable: true,
      });
  }
  return wrapped as T;
}
