/** One record as the table holds it. Only the table changes it; callers get copies. */
export class Row {
  readonly key: string;
  rev: number;
  at: number;
  value: string;

  constructor(key: string, rev: number, at: number, value: string) {
    this.key = key;
    this.rev = rev;
    this.at = at;
    this.value = value;
  }
}
