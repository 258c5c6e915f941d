/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly state: "ok" | "warning" | "problem";
  readonly text: string;
}

/** A finding, in one line. */
export function finding(what: string, state: Finding["state"], text: string): Finding {
  return { what, state, text };
}

/** A look that fails is a finding, not the end of the examination. */
export async function attempt(
  what: string,
  look: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    return [finding(what, "problem", error instanceof Error ? error.message : String(error))];
  }
}
