import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { type Bundle, InvalidArgumentError } from "@verdigris/contracts";
import { parseBundle } from "./parse-bundle.ts";

/**
 * Writes `bundle` with its digest to `file` as indented JSON that `loadBundle` reads back as the same bundle. The file holds
 * either what it held before or all of the bundle.
 *
 * Errors: those of `parseBundle`, before anything is written; `invalid-argument` with a `cause` where the file cannot be
 * written. A bundle of a dirty tree is written; reading it back takes `allowDirty`.
 */
export async function saveBundle(file: string, bundle: Bundle): Promise<void> {
  if (typeof file !== "string" || file === "") throw new InvalidArgumentError("file", "must be a path");
  const checked = parseBundle(bundle, { allowDirty: true });
  const beside = `${file}.${randomUUID()}.tmp`;
  try {
    // Flushed, because a rename may reach the disk before the bytes it names.
    await writeFile(beside, `${JSON.stringify(checked, null, 2)}\n`, { flush: true });
    await rename(beside, file);
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => undefined);
    const error = new InvalidArgumentError("file", `cannot be written: ${file}`);
    error.cause = cause;
    throw error;
  }
}
