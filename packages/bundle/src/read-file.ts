/// <reference types="node" />
// The reference opens Node's types to the whole compilation; a test walks the imports of the main entry instead.
import { readFile, stat } from "node:fs/promises";
import { VerdigrisError } from "@verdigris/contracts";
import { digestOf } from "./digest.ts";
import { invalidBundle } from "./issues.ts";

/** Where a problem with a file is reported: the bundle's name and the path inside it. */
export interface FilePlace {
  readonly bundle: string;
  readonly path: string;
}

/** The largest prompt file, in bytes. */
const maxPromptBytes = 16_777_216;

/** The bytes of a regular file of at most `limit` bytes. */
async function readBytes({ bundle, path }: FilePlace, file: string, limit: number): Promise<Uint8Array> {
  try {
    // Asked before opening: opening a pipe would wait for a writer.
    const found = await stat(file);
    if (!found.isFile()) throw invalidBundle(bundle, [{ path, problem: `is no regular file: ${file}` }]);
    if (found.size > limit) {
      throw new VerdigrisError(
        "bundle-too-large",
        `${file} has ${found.size} bytes, the limit is ${limit}: keep data out of the bundle and give its digest`,
        { file, bytes: found.size, limit },
      );
    }
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof VerdigrisError) throw cause;
    throw invalidBundle(bundle, [{ path, problem: `cannot be read: ${file}` }], { cause });
  }
}

/** The text of a file, strict UTF-8 and keeping a byte order mark: the digest of the text is the digest of the file. */
export async function readText(place: FilePlace, file: string, limit: number): Promise<string> {
  const bytes = await readBytes(place, file, limit);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw invalidBundle(place.bundle, [{ path: place.path, problem: "is no UTF-8 text" }], { cause });
  }
}

/** What a prompt entry holds instead of the file it named: the digest of text, or examples read as JSON. */
export async function readPrompt(
  place: FilePlace,
  file: string,
  kind: unknown,
): Promise<{ readonly digest: string } | { readonly examples: unknown }> {
  const text = await readText(place, file, maxPromptBytes);
  if (kind !== "examples") return { digest: digestOf(text) };
  try {
    return { examples: JSON.parse(text) };
  } catch (cause) {
    throw invalidBundle(place.bundle, [{ path: place.path, problem: "names a file that is no JSON" }], {
      cause,
    });
  }
}
