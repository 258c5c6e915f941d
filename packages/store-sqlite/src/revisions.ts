import type { Database } from "./database.ts";

/** Revisions for this handle. None is ever handed out twice by the file, whichever process asks. */
export interface Revisions {
  /** Makes sure that `count` revisions are at hand; writes to the file once per block. Not inside a transaction. */
  reserve(count: number): void;
  /** The next one at hand. Those taken by a commit that did not happen are lost, not returned. */
  take(): number;
}

/** A reservation is one more commit, so it is made for many revisions at once; what a dead process leaves is skipped. */
const blockSize = 1_024;

/**
 * A handle begins up to so many blocks further on. A file that was copied back would otherwise hand out the revisions of
 * the commits it lost, in the same order, and a process that slept through it could not tell them apart. 2^53 lasts for
 * a thousand million handles.
 */
const longestLeap = 16_384;

export function createRevisions(
  database: Database,
  synchronous: "full" | "normal",
  random: () => number = Math.random,
): Revisions {
  const advance = database.prepare(
    "UPDATE verdigris_meta SET value = value + ? WHERE name = 'rev' RETURNING value",
  );
  let next = 1;
  let last = 0;
  let leap = 1 + Math.floor(longestLeap * random());

  function advanceInTransaction(): number {
    database.exec("BEGIN IMMEDIATE");
    try {
      const found = Number(advance.first(leap * blockSize)?.[0]);
      database.exec("COMMIT");
      leap = 1;
      return found;
    } finally {
      if (database.inTransaction) database.exec("ROLLBACK");
    }
  }

  function reserveBlock(): number {
    if (synchronous === "full") return advanceInTransaction();
    // After a power failure the file may have lost its latest commits, but never the memory of what was handed out.
    database.exec("PRAGMA synchronous = full");
    try {
      return advanceInTransaction();
    } finally {
      database.exec("PRAGMA synchronous = normal");
    }
  }

  return {
    reserve(count) {
      if (last - next + 1 >= count) return;
      last = reserveBlock();
      next = last - blockSize + 1;
    },
    take() {
      const rev = next;
      next += 1;
      return rev;
    },
  };
}
