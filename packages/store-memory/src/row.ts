/** One record as the table holds it. Only the table changes it; callers get copies. */
export interface Row {
  readonly key: string;
  rev: number;
  at: number;
  value: string;
  /** Where it waits to be put in order, or {@link inOrder}. */
  waitsAt: number;
}

export const inOrder: number = -1;
