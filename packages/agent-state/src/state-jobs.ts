import type { Clock } from "@verdigris/contracts";
import type { StateBacking, StateChange } from "./backing.ts";
import { decodeEntry, encodeGone, isAbsent } from "./entry.ts";
import { isErased } from "./erasure.ts";
import { foldPage, removeRows } from "./fold-rows.ts";
import { addressOf, layerPrefix, rowIn } from "./key-text.ts";
import { readThrough, type SeenRow } from "./layered-rows.ts";
import { baseLayer, chainOf, type LayerId, type Lineage, layerOf, type StateJob } from "./lineage.ts";
import { endJob, endPromotion } from "./lineage-moves.ts";
import type { LineageRegistry } from "./registry.ts";

/** How far a fold-down has come. */
export interface FoldProgress {
  readonly layer: LayerId;
  readonly rows: number;
}

/** What jobs work with. */
export interface JobParts {
  readonly backing: StateBacking;
  readonly registry: LineageRegistry;
  readonly clock: Clock;
  /** True where what `namespace` holds is carried over by a rollback. */
  readonly carries: (namespace: string) => boolean;
  /** How long after a change of the lineage another process may still write by the old one; 0 on a fenced backing. */
  readonly settleMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: FoldProgress) => void) | undefined;
}

/** Pages between two notes of how far a fold-down has come. */
const pagesPerNote = 8;

/** Waits until no process can still be writing by the lineage as it was. */
async function settle({ clock, signal }: JobParts, until: number): Promise<void> {
  const wait = until - clock.now();
  if (wait <= 0) return;
  await new Promise<void>((resolve, reject) => {
    const stop = clock.setTimer(resolve, wait);
    signal?.addEventListener("abort", () => {
      stop();
      reject(signal.reason);
    });
  });
}

type Promotion = StateJob & { readonly kind: "promote" };

function isSame(a: StateJob, b: StateJob): boolean {
  if (a.kind === "promote") return b.kind === "promote" && a.bundle === b.bundle;
  if (a.kind === "carry") return b.kind === "carry" && a.layer === b.layer;
  return b.kind === "clean" && a.layers.join() === b.layers.join();
}

/**
 * Writes under the lineage as it is; `changesIn` is asked again when that moved, as when something was erased, and when a
 * row was not as expected, as when an agent wrote it meanwhile.
 */
async function writeFenced(
  parts: JobParts,
  changesIn: (lineage: Lineage) => Promise<readonly StateChange[]>,
): Promise<void> {
  for (let known = await parts.registry.current(); ; known = await parts.registry.reload()) {
    parts.signal?.throwIfAborted();
    const changes = await changesIn(known.lineage);
    if (changes.length === 0) return;
    const answers = await parts.backing.write(changes, known.guard);
    if (answers?.every((done) => done) === true) return;
  }
}

/** Notes where the fold-down stands: the layer at hand first, and the row it has come to. */
async function note(
  parts: JobParts,
  job: Promotion,
  fold: readonly LayerId[],
  cursor: string | null,
): Promise<void> {
  const { cursor: _, ...rest } = job;
  const next: StateJob =
    cursor === null
      ? { ...rest, fold: job.fold }
      : { ...rest, fold: job.fold, cursor: `${fold[0]} ${cursor}` };
  await parts.registry.move((lineage) => ({
    ...lineage,
    jobs: lineage.jobs.map((other) => (isSame(other, job) ? next : other)),
  }));
}

async function foldLayer(
  parts: JobParts,
  job: Promotion,
  layer: LayerId,
  from: string | null,
): Promise<void> {
  let rows = 0;
  let pages = 0;
  for await (const page of parts.backing.scan(layerPrefix(layer), from)) {
    await writeFenced(parts, async (lineage) => foldPage(page, layer, lineage, parts.clock.now()));
    rows += page.rows.length;
    pages += 1;
    parts.onProgress?.({ layer, rows });
    if (page.cursor !== null && pages % pagesPerNote === 0) await note(parts, job, [layer], page.cursor);
  }
}

/** Folds the layers into the base, lowest first; everything it reads is closed, so doing part of it twice is harmless. */
async function promote(parts: JobParts, job: Promotion): Promise<void> {
  await settle(parts, job.settled);
  const [at, cursor] = job.cursor?.split(" ") ?? [];
  const done = at === undefined ? 0 : job.fold.indexOf(at);
  for (const [index, layer] of job.fold.entries()) {
    if (index < done) continue;
    await foldLayer(parts, job, layer, index === done ? (cursor ?? null) : null);
  }
  await eraseAgain(parts, baseLayer);
  await parts.registry.move((lineage) =>
    lineage.jobs.some((other) => isSame(other, job))
      ? endPromotion(lineage, job, parts.clock.now() + parts.settleMs)
      : lineage,
  );
}

/** What was erased while rows were being copied may have been copied after it was erased. */
async function eraseAgain({ backing, registry }: JobParts, layer: LayerId): Promise<void> {
  const { lineage } = await registry.reload();
  for (const erasure of lineage.erasures) {
    await removeRows(backing, layerPrefix(layer), (row) => isErased(erasure, layer, row));
  }
}

/** What is to be written so that the layer below has `entry`; nothing where that lineage has written the key since. */
function handOn(
  target: LayerId,
  row: string,
  text: string,
  seen: SeenRow | undefined,
  now: number,
): StateChange | null {
  const entry = decodeEntry(row, text);
  if (seen !== undefined && seen.entry.at >= entry.at) return null;
  const expect = seen?.layer === target ? seen.row.text : null;
  if (!isAbsent(entry, now)) {
    const ttlMs = target === baseLayer && entry.expires !== undefined ? { ttlMs: entry.expires - now } : {};
    return { key: row, text, expect, ...ttlMs };
  }
  if (seen === undefined) return null;
  return { key: row, text: target === baseLayer ? null : encodeGone(entry.at), expect };
}

async function carryRow(parts: JobParts, layer: LayerId, key: string, text: string): Promise<void> {
  await writeFenced(parts, async (lineage) => {
    if (lineage.erasures.some((erasure) => isErased(erasure, layer, key))) return [];
    const target = layerOf(lineage, layer).parent ?? baseLayer;
    const row = rowIn(target, key, layer);
    const [seen] = await readThrough(parts.backing, chainOf(lineage, target), [row]);
    const change = handOn(target, row, text, seen, parts.clock.now());
    return change === null ? [] : [change];
  });
}

/** Hands on what the namespaces marked `carry` hold in a parked layer. */
async function carry(parts: JobParts, job: StateJob & { readonly kind: "carry" }): Promise<void> {
  for await (const { rows } of parts.backing.scan(layerPrefix(job.layer))) {
    for (const { key, text } of rows) {
      if (parts.carries(addressOf(job.layer, key).namespace)) await carryRow(parts, job.layer, key, text);
    }
  }
  const { lineage } = await parts.registry.current();
  // Dropped meanwhile: nothing was handed on.
  const target = Object.hasOwn(lineage.layers, job.layer) ? layerOf(lineage, job.layer).parent : null;
  if (target !== null) await eraseAgain(parts, target);
  await parts.registry.move((now) => endJob(now, (other) => isSame(other, job)));
}

async function clean(parts: JobParts, job: StateJob & { readonly kind: "clean" }): Promise<void> {
  await settle(parts, job.settled);
  for (const layer of job.layers) await removeRows(parts.backing, layerPrefix(layer), () => true);
  await parts.registry.move((now) => endJob(now, (other) => isSame(other, job)));
}

/** Does what is under way, whoever began it, until nothing is; returns how many jobs were done. */
export async function runJobs(parts: JobParts): Promise<number> {
  for (let done = 0; ; done += 1) {
    parts.signal?.throwIfAborted();
    const { lineage } = await parts.registry.reload();
    // What is carried over first: a promotion waits for it.
    const job = lineage.jobs.find(({ kind }) => kind === "carry") ?? lineage.jobs[0];
    if (job === undefined) return done;
    if (job.kind === "promote") await promote(parts, job);
    else if (job.kind === "carry") await carry(parts, job);
    else await clean(parts, job);
  }
}
