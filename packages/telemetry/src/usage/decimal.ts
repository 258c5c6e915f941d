/** Decimals of a cost: a price per token of a few cents per million tokens still adds up exactly. */
const decimals = 12;

const form = /^(\d{1,15})(?:\.(\d{1,12}))?$/;

/**
 * A cost as decimal text, rounded to the nearest 10⁻¹² of its unit: sums of such texts are exact, which sums of floating
 * point numbers are not. `cost` is from 0 to a million.
 */
export function decimalOf(cost: number): string {
  return decimalText(unitsOf(cost.toFixed(decimals)) ?? 0n);
}

/** The number of 10⁻¹² units that decimal text stands for; null where it is no such text. */
export function unitsOf(text: unknown): bigint | null {
  const [, whole, part = ""] = typeof text === "string" ? (form.exec(text) ?? []) : [];
  return whole === undefined ? null : BigInt(whole + part.padEnd(decimals, "0"));
}

/** Units of 10⁻¹² as the shortest decimal text. */
export function decimalText(units: bigint): string {
  const digits = units.toString().padStart(decimals + 1, "0");
  const part = digits.slice(-decimals).replace(/0+$/, "");
  return part === "" ? digits.slice(0, -decimals) : `${digits.slice(0, -decimals)}.${part}`;
}
