import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Unsubscribe } from "@verdigris/contracts";

/**
 * Watches a config file for `followSwitch`, which reads it anew at every call of `onChange`. Its folder is watched, so that
 * a file that is replaced (written beside and renamed, or the links of a mounted volume swapped) is noticed as well as one
 * that is written in place. It keeps no process alive, never throws, and falls silent where nothing can be watched (no such
 * folder, no watches left, some network drives): the poll of `followSwitch` goes on beside it.
 */
export function watchSwitchFile(file: string): (onChange: () => void) => Unsubscribe {
  return (onChange) => {
    const name = basename(file);
    try {
      const watcher = watch(dirname(file), { persistent: false }, (_, changed) => {
        // A mounted volume swaps a link such as `..data`, which the file's own link goes through.
        if (changed === null || changed === name || changed.startsWith("..")) onChange();
      });
      watcher.on("error", () => watcher.close());
      return () => watcher.close();
    } catch {
      return () => {};
    }
  };
}
