import type { Route, StoreOp } from "@verdigris/contracts";
import type { Run } from "@verdigris/run-pinning";
import { outcomeOf, type Player, type Scenario, type World } from "./explorer.ts";
import { ana, openOn, type Pipeline } from "./process.ts";

type Play = Scenario["plays"][string];

const facts = { actor: ana, reason: "proof" };

async function refreshAll(world: World): Promise<void> {
  for (const player of Object.values(world.players)) await player.router.refresh();
}

function anyOf(world: World): Player {
  const [player] = Object.values(world.players);
  if (player === undefined) throw new Error("a scenario needs a play");
  return player;
}

async function open(world: World): Promise<Player> {
  const player = anyOf(world);
  await player.move(openOn("blue"), { expect: 0 });
  return player;
}

/** Blue live everywhere, every cache knows it. */
async function blueLive(world: World): Promise<void> {
  await open(world);
  await refreshAll(world);
}

async function mustStart(
  player: Player,
  options: Parameters<Player["pinning"]["start"]>[0] = {},
): Promise<Run<Pipeline>> {
  const started = await player.pinning.start(options);
  if (!started.placed) throw new Error("not placed");
  return started.run;
}

/** Green live and settled, blue retiring; only the one who moved the route knows. */
async function blueRetired(world: World, player: Player): Promise<void> {
  await refreshAll(world);
  await player.move({ verb: "flip", bundle: "green" });
  await player.move({ verb: "settle" });
}

/** A resolved flip raises the floor under every start that is invoked from then on [I4]. */
const flip =
  (bundle: string): Play =>
  async (player, world) => {
    const result = await player.move({ verb: "flip", bundle });
    if (result.outcome === "moved") world.facts.floor = result.generation;
  };

const start =
  (options: { readonly id?: string } = {}): Play =>
  async (player, world) => {
    const floor = Number(world.facts.floor ?? 0);
    player.note(floor);
    const started = await outcomeOf(player.pinning.start(options));
    if (!started.ok) {
      if (started.code !== "route-contended") world.fail(`a start was refused with ${started.code}`);
      return;
    }
    const run = started.value.placed ? started.value.run.id : "";
    const pin = world.pins.get(run);
    // A job that was delivered before keeps the run it had: only fresh runs must be on what is live.
    if (options.id === undefined && pin !== undefined && pin.generation < floor)
      world.fail(`I4: ${run} was accepted at generation ${pin.generation} after ${floor} had resolved`);
    world.runs.push(run);
  };

const recycle: Play = async (player, world) => {
  const result = await player.pinning.recycle("blue", facts);
  player.note(result.recycled);
  if (result.recycled) world.facts.recycled = Number(world.facts.recycled ?? 0) + 1;
};

const mustNotStaySealed = async (world: World): Promise<void> => {
  const { entries } = await world.store.get(["agent/route"]);
  const route = JSON.parse(entries[0]?.value ?? "null") as Route;
  if (route.sealed.length > 0) world.fail(`${route.sealed.join()} stays sealed`);
};

const finish =
  (name: string): Play =>
  async (player, world) => {
    const run = world.facts[name] as Run<Pipeline>;
    world.facts[`${name} finishing`] = true;
    const result = await run.finish({ outcome: "completed" });
    player.note(result);
    world.finishes.push(result);
  };

const resume =
  (name: string): Play =>
  async (player, world) => {
    const resumed = await outcomeOf(player.pinning.resume(String(world.facts[name])));
    if (!resumed.ok) {
      player.note(resumed.code);
      const expected = ["run-superseded", "run-unknown", "run-expired", "run-not-placed"];
      if (!expected.includes(resumed.code)) world.fail(`a resume was refused with ${resumed.code}`);
      return;
    }
    const result = await resumed.value.finish({ outcome: "completed" });
    player.note(result);
    world.finishes.push(result);
  };

const oneOwner = (world: World): void => {
  const { finishes } = world;
  const finished = finishes.filter((result) => result === "finished").length;
  if (finished !== 1) world.fail(`I2: ${finished} owners finished the run (${finishes.join(", ")})`);
  if (finishes.some((result) => result !== "finished" && result !== "superseded"))
    world.fail(`I2: an owner was told ${finishes.join(", ")}`);
};

/** A child of a live parent is never refused; then it ends. */
const child =
  (parent: string): Play =>
  async (player, world) => {
    const started = await outcomeOf(player.pinning.start({ parent: String(world.facts[`${parent} token`]) }));
    if (!started.ok) {
      player.note(started.code);
      if (world.facts[`${parent} finishing`] !== true && started.code !== "route-contended")
        world.fail(`a child of a live parent was refused with ${started.code}`);
      return;
    }
    if (!started.value.placed) return;
    if (started.value.run.scope.bundle !== "blue") world.fail("I14: a child left its parent's bundle");
    await started.value.run.finish({ outcome: "completed" });
  };

async function parentOnRetiringBlue(world: World): Promise<void> {
  const player = await open(world);
  const owner = world.players.owner ?? player;
  await owner.router.refresh();
  const run = await mustStart(owner);
  world.facts.parent = run;
  world.facts["parent token"] = run.token;
  await blueRetired(world, player);
}

const tick: Play = async (player, world) => {
  await player.pause("time passes");
  world.time += 60_000;
};

export const scenarios = {
  "two starts with stale caches race a flip": {
    setup: blueLive,
    plays: { a: start(), b: start(), flipper: flip("green") },
  },
  "starts race a flip and a flip back to the retired bundle": {
    setup: blueLive,
    plays: {
      a: start(),
      b: start(),
      flipper: async (player, world) => {
        await flip("green")(player, world);
        await player.move({ verb: "settle" });
        await player.pause("between");
        await flip("blue")(player, world);
      },
    },
  },
  "a child and its parent's finish race a recycle": {
    setup: parentOnRetiringBlue,
    plays: { recycler: recycle, child: child("parent"), owner: finish("parent") },
    atEnd: mustNotStaySealed,
  },
  "a child and its parent's finish race a recycle that reads lists one entry at a time": {
    setup: parentOnRetiringBlue,
    plays: { recycler: recycle, child: child("parent"), owner: finish("parent") },
    atEnd: mustNotStaySealed,
    paged: true,
  },
  "a start by name races drop, seal and recycle": {
    setup: async (world) => {
      const player = await open(world);
      await player.move({ verb: "flip", bundle: "green" });
      await player.move({ verb: "settle" });
      await player.move({ verb: "stage", bundle: "blue" });
      await refreshAll(world);
    },
    plays: {
      named: async (player, world) => {
        const started = await outcomeOf(player.pinning.start({ bundle: "blue" }));
        if (started.ok && started.value.placed) await started.value.run.finish({ outcome: "completed" });
        else if (!started.ok && !["bundle-not-on-route", "bundle-sealed"].includes(started.code))
          world.fail(`a start by name was refused with ${started.code}`);
      },
      dropper: async (player, world) => {
        await player.move({ verb: "drop" });
        await recycle(player, world);
      },
    },
    atEnd: mustNotStaySealed,
  },
  "two processes resume one token while the first owner finishes": {
    setup: async (world) => {
      await open(world);
      await refreshAll(world);
      const owner = world.players.owner ?? anyOf(world);
      const run = await mustStart(owner);
      world.facts.run = run;
      world.facts.token = run.token;
    },
    plays: { owner: finish("run"), a: resume("token"), b: resume("token") },
    atEnd: oneOwner,
  },
  "a migration races a resume and a recycle": {
    setup: async (world) => {
      const player = await open(world);
      const owner = world.players.owner ?? player;
      await owner.router.refresh();
      const run = await mustStart(owner);
      world.facts.run = run;
      world.facts.token = run.token;
      await blueRetired(world, player);
    },
    plays: {
      owner: async (player, world) => {
        const run = world.facts.run as Run<Pipeline>;
        const migrated = await outcomeOf(run.migrate({ to: "green", reason: "proof" }));
        if (!migrated.ok) {
          player.note(migrated.code);
          if (migrated.code !== "run-superseded") world.fail(`a migration was refused with ${migrated.code}`);
        }
        await finish("run")(player, world);
      },
      other: resume("token"),
      recycler: recycle,
    },
    atEnd: async (world) => {
      oneOwner(world);
      await mustNotStaySealed(world);
    },
  },
  "one job is delivered twice while the route flips": {
    setup: blueLive,
    plays: { a: start({ id: "job" }), b: start({ id: "job" }), flipper: flip("green") },
    atEnd: async (world) => {
      const { entries } = await world.store.list("agent/pin/", { limit: 10 });
      if (entries.length !== 1) world.fail(`RUN-CLAIM: ${entries.length} pins for one id`);
      const { runs } = world;
      if (new Set(runs).size > 1) world.fail(`RUN-CLAIM: one id became ${runs.join(" and ")}`);
    },
  },
  "an extension races the deadline and a recycle": {
    setup: async (world) => {
      const player = await open(world);
      const owner = world.players.owner ?? player;
      await owner.router.refresh();
      world.facts.run = await mustStart(owner, { maxAgeMs: 30_000 });
      await blueRetired(world, player);
    },
    plays: {
      owner: async (player, world) => {
        const run = world.facts.run as Run<Pipeline>;
        const extended = await outcomeOf(run.extend(3_600_000));
        player.note(extended.ok ? "extended" : extended.code);
      },
      clock: tick,
      recycler: recycle,
    },
    atEnd: mustNotStaySealed,
  },
  "a run that waited for its place is taken up while its time runs out and its bundle is recycled": {
    options: { owner: { serves: () => false } },
    setup: async (world) => {
      const player = await open(world);
      const owner = world.players.owner ?? player;
      await owner.router.refresh();
      const started = await owner.pinning.start({ maxAgeMs: 3_600_000 });
      if (started.placed) throw new Error("placed");
      world.facts.token = started.token;
      world.time += 290_000;
      await blueRetired(world, player);
    },
    plays: {
      other: resume("token"),
      clock: tick,
      recycler: recycle,
      owner: async () => {},
    },
    atEnd: mustNotStaySealed,
  },
  "a child by token races two extensions of its parent": {
    setup: async (world) => {
      const player = await open(world);
      await refreshAll(world);
      const run = await mustStart(world.players.owner ?? player, { maxAgeMs: 60_000 });
      world.facts.parent = run;
      world.facts["parent token"] = run.token;
    },
    plays: {
      child: child("parent"),
      owner: async (_player, world) => {
        const run = world.facts.parent as Run<Pipeline>;
        await run.extend(60_000);
        await run.extend(60_000);
      },
    },
  },
  "two recyclers race a child and its parent's finish": {
    setup: parentOnRetiringBlue,
    plays: {
      a: recycle,
      b: recycle,
      owner: async (player, world) => {
        await child("parent")(player, world);
        await finish("parent")(player, world);
      },
    },
    atEnd: async (world) => {
      if (Number(world.facts.recycled ?? 0) > 1) world.fail("one bundle was recycled twice");
      await mustNotStaySealed(world);
    },
  },
} satisfies Readonly<Record<string, Scenario>>;

/** Takes the fence out of every start: the tempting variant in which a cached route is good enough. */
export function withoutStartFence(ops: readonly StoreOp[]): readonly StoreOp[] {
  const starts = ops.some((op) => op.op === "put" && op.rev === 0 && op.key.startsWith("agent/pin/"));
  return starts ? ops.filter((op) => op.op !== "check" || op.key !== "agent/route") : ops;
}

/** Takes the fence out of starts while the last move is a seal: as if sealing were kept beside the route. */
export function withoutSealFence(ops: readonly StoreOp[], route: Route | null): readonly StoreOp[] {
  return route?.recent.at(-1)?.verb === "seal" ? withoutStartFence(ops) : ops;
}
