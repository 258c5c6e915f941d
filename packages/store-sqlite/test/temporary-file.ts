import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryFile {
  readonly file: string;
  remove(): Promise<void>;
}

export async function temporaryFile(): Promise<TemporaryFile> {
  const directory = await mkdtemp(join(tmpdir(), "verdigris-"));
  return {
    file: join(directory, "store.db"),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
