import { require, requireCount, requireFraction } from "./arguments.ts";
import type { Interval } from "./interval.ts";
import { normalQuantile } from "./normal.ts";

/** Agreement beyond chance, with its interval. */
export interface Kappa extends Interval {
  readonly kappa: number;
  readonly standardError: number;
}

interface Shares {
  readonly cells: readonly (readonly number[])[];
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly n: number;
}

function sharesOf(table: readonly (readonly number[])[]): Shares {
  require(table.length >= 2, "table", `must have at least 2 categories, got ${table.length}`);
  let n = 0;
  for (const row of table) {
    require(row.length === table.length, "table", "must be square");
    for (const count of row) {
      requireCount("table", count);
      n += count;
    }
  }
  require(n > 0, "table", "must count at least 1 item");
  const cells = table.map((row) => row.map((count) => count / n));
  const rows = cells.map((row) => row.reduce((sum, share) => sum + share, 0));
  const columns = cells.map((_, j) => cells.reduce((sum, row) => sum + (row[j] ?? 0), 0));
  return { cells, rows, columns, n };
}

/** The large-sample variance of kappa when it is not 0. */
function varianceOf({ cells, rows, columns, n }: Shares, observed: number, chance: number): number {
  const [left, kappa] = [1 - chance, (observed - chance) / (1 - chance)];
  let [agreeing, differing] = [0, 0];
  for (const [i, row] of cells.entries()) {
    for (const [j, share] of row.entries()) {
      const pull = (columns[i] ?? 0) + (rows[j] ?? 0);
      if (i === j) agreeing += share * (1 - pull * (1 - kappa)) ** 2;
      else differing += share * pull ** 2;
    }
  }
  const spread = agreeing + (1 - kappa) ** 2 * differing - (kappa - chance * (1 - kappa)) ** 2;
  return Math.max(0, spread) / (n * left ** 2);
}

/**
 * Cohen's kappa of a square table, `table[i][j]` = items that the first rater put into category i and the second into j:
 * 1 is full agreement, 0 what chance gives. Each bound alone misses with probability `alpha` (default 0.025, so the
 * interval is the usual 95 % one) in large samples: calibrate on a hundred items or more.
 *
 * `NaN` with bounds -1 and 1 when both raters used one and the same category throughout: agreement was never put to the
 * test.
 *
 * Cohen (1960), Educ. Psychol. Meas. 20:37; variance of Fleiss, Cohen & Everitt (1969), Psychol. Bull. 72:323. Throws
 * `invalid-argument` for tables that are not square, hold no counts or count nothing.
 */
export function cohenKappa(
  table: readonly (readonly number[])[],
  { alpha = 0.025 }: { readonly alpha?: number } = {},
): Kappa {
  requireFraction("alpha", alpha);
  const shares = sharesOf(table);
  const observed = shares.cells.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  const chance = shares.rows.reduce((sum, share, i) => sum + share * (shares.columns[i] ?? 0), 0);
  if (chance >= 1) return { kappa: Number.NaN, standardError: Number.NaN, lower: -1, upper: 1 };
  const kappa = (observed - chance) / (1 - chance);
  const standardError = Math.sqrt(varianceOf(shares, observed, chance));
  const half = -normalQuantile(alpha) * standardError;
  return { kappa, standardError, lower: Math.max(-1, kappa - half), upper: Math.min(1, kappa + half) };
}
