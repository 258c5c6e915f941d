import { strict as assert } from "node:assert";
import { isVerdigrisError, type Verdigris } from "verdigris";
import type { Worker } from "./workers.ts";

type Receipt = Awaited<ReturnType<Verdigris["flip"]>>;

/** Prints a line with the seconds since the program began. */
export type Say = (text: string) => void;

/** A voice for one show; shows that are played side by side begin their lines with their name. */
export function voice(name: string): Say {
  const label = name === "" ? "" : `${name.padEnd(9)} `;
  return (text) => {
    process.stdout.write(`${(performance.now() / 1_000).toFixed(1).padStart(5)} s  ${label}${text}\n`);
  };
}

/** Prints the acknowledgements of a move as they arrive, until `enough` nodes have applied it. */
export async function showArrivals(
  operator: Verdigris,
  generation: number,
  enough: number,
  say: Say,
): Promise<void> {
  const began = performance.now();
  let shown = -1;
  for (;;) {
    const nodes = await operator.nodes();
    const applied = nodes.filter((node) => node.generation >= generation);
    if (applied.length !== shown) {
      shown = applied.length;
      const ms = Math.round(performance.now() - began);
      say(
        `  ${String(shown).padStart(2)} of ${nodes.length} have applied generation ${generation}, ${ms} ms`,
      );
    }
    if (shown >= enough) return;
    assert.ok(performance.now() - began < 60_000, `only ${shown} of ${enough} applied ${generation}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A flip that reaches everybody. */
export async function reachAll(operator: Verdigris, workers: readonly Worker[], say: Say): Promise<void> {
  const { generation } = await operator.status();
  const receipt = await operator.flip({ to: "green", expect: generation, reason: "a better prompt" });
  say(`flipped to green at generation ${receipt.generation}, verified: ${!receipt.unverified}`);
  await showArrivals(operator, receipt.generation, workers.length, say);
  const { outcome, acknowledged, stragglers } = await receipt.propagated;
  say(`propagated: ${outcome}, ${acknowledged} acknowledged`);
  assert.deepEqual([outcome, acknowledged, stragglers], ["everywhere", workers.length, []]);
  const bundles = await Promise.all(workers.map((worker) => worker.run()));
  assert.ok(
    bundles.every((bundle) => bundle === "green"),
    `runs started on ${bundles.join(", ")}`,
  );
}

/**
 * Stops a process and rolls back. A process of one host that is stopped in the middle of a write to the file holds
 * everybody up until it goes on (the store says so within its two seconds): then it is let go, and stopped again.
 */
async function rollBackBeside(stopped: Worker, operator: Verdigris, say: Say): Promise<Receipt> {
  for (let attempt = 1; ; attempt += 1) {
    stopped.pause();
    say(`stopped ${stopped.name} (SIGSTOP)`);
    try {
      return await operator.rollback({ reason: "answers got longer" });
    } catch (error) {
      if (attempt === 3 || !isVerdigrisError(error, "store-unavailable")) throw error;
      stopped.resume();
      say(`${stopped.name} was writing when it was stopped: let go, and stopped again`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** A rollback while one process is stopped: new runs are safe at once, and the stopped one is named. */
export async function nameTheStraggler(
  operator: Verdigris,
  workers: readonly Worker[],
  say: Say,
): Promise<void> {
  const stopped = workers.at(-1);
  assert.ok(stopped !== undefined);
  const receipt = await rollBackBeside(stopped, operator, say);
  say(`rolled back at generation ${receipt.generation}`);
  const propagated = receipt.propagated;
  await showArrivals(operator, receipt.generation, workers.length - 1, say);
  const { outcome, acknowledged, stragglers } = await propagated;
  const named = stragglers.map(
    ({ name, generation, mode, ageMs }) =>
      `${name}: generation ${generation}, ${mode} when last heard of, ${(ageMs / 1_000).toFixed(1)} s ago`,
  );
  say(`propagated: ${outcome}, ${acknowledged} acknowledged; ${named.join("; ")}`);
  assert.equal(outcome, "stragglers");
  assert.equal(acknowledged, workers.length - 1);
  assert.deepEqual(
    stragglers.map(({ name, generation, expired }) => [name, generation, expired]),
    [[stopped.name, receipt.generation - 1, true]],
  );

  const late = stopped.run();
  stopped.resume();
  // It still knew the route it was stopped with; its start is checked by the store.
  assert.equal(await late, "blue");
  say(`${stopped.name} goes on: its first run is on blue`);
  await showArrivals(operator, receipt.generation, workers.length, say);
}
