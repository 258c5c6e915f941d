import { readFile } from "node:fs/promises";
import type { BundleId } from "@verdigris/contracts";

/**
 * Reads which bundle a config file names for an agent, for `followSwitch`: JSON such as `{ "live": { "support": "v42" } }`.
 * Null while the file is missing, half written or names none: nothing is asked for then.
 */
export function readSwitchFile(file: string, agent: string): () => Promise<BundleId | null> {
  return async () => {
    try {
      const { live } = JSON.parse(await readFile(file, "utf8")) as { readonly live?: unknown };
      const named: unknown =
        typeof live === "object" && live !== null && Object.hasOwn(live, agent)
          ? (live as Readonly<Record<string, unknown>>)[agent]
          : null;
      return typeof named === "string" ? named : null;
    } catch {
      return null;
    }
  };
}
