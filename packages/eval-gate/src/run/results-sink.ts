/** Where a run writes its lines, and finds them again after a kill. Lines are text without a line feed. */
export interface ResultsSink {
  /**
   * Every whole line written so far, in order; a torn last one, left by a kill in mid-write, is not among them.
   */
  load(): Promise<readonly string[]>;
  /** Replaces everything by these lines, all or nothing. */
  replace(lines: readonly string[]): Promise<void>;
  /** Adds a line after the last one. It is safe from a kill of this process once the promise has resolved. */
  append(line: string): Promise<void>;
  /** Writes out what the machine still holds back. */
  close(): Promise<void>;
}

/** Keeps lines in memory: a run without a file, and tests. */
export interface MemorySink extends ResultsSink {
  readonly lines: readonly string[];
}

/** Makes an empty sink, or one that holds `lines`. */
export function createMemorySink(lines: readonly string[] = []): MemorySink {
  let kept = [...lines];
  return {
    get lines() {
      return kept;
    },
    load: async () => kept,
    replace: async (next) => {
      kept = [...next];
    },
    append: async (line) => {
      kept.push(line);
    },
    close: async () => {},
  };
}
