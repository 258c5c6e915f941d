import { type Clock, VerdigrisError } from "@verdigris/contracts";
import type { StateBacking, StateGuard } from "./backing.ts";
import { decodeLineage, type Lineage } from "./lineage.ts";

/** Where the lineage is kept, beside the layers. */
const lineageKey = "lineage";
const attempts = 12;

/** The lineage as this process knows it, and the guard that proves it is still so. */
interface KnownLineage {
  readonly lineage: Lineage;
  /** Absent while nobody has written a lineage, and where the backing cannot check one. */
  readonly guard: StateGuard | undefined;
}

/** Reads the lineage, keeps it for a while, and moves it. */
export interface LineageRegistry {
  /** The lineage, read again when what is known is older than `refreshMs`. */
  current(): Promise<KnownLineage>;
  /** The lineage, read now. */
  reload(): Promise<KnownLineage>;
  /**
   * Replaces the lineage by what `change` makes of it, asked again whenever somebody else was first. Returning the same
   * lineage writes nothing. Throws what `change` throws, and `state-contended` after twelve attempts.
   */
  move(change: (lineage: Lineage) => Lineage): Promise<Lineage>;
}

/** Keeps the lineage of one memory. */
export function createLineageRegistry(
  backing: StateBacking,
  clock: Clock,
  refreshMs: number,
): LineageRegistry {
  let known: KnownLineage | null = null;
  let readAt = Number.NEGATIVE_INFINITY;

  const keep = (lineage: Lineage, text: string | undefined): KnownLineage => {
    const guard = text === undefined || !backing.fenced ? undefined : { key: lineageKey, text };
    known = { lineage, guard };
    return known;
  };
  const reload = async (): Promise<KnownLineage> => {
    const asked = clock.monotonic();
    const [text] = await backing.get([lineageKey]);
    readAt = asked;
    return keep(decodeLineage(text), text);
  };

  return {
    async current() {
      if (known !== null && clock.monotonic() - readAt <= refreshMs) return known;
      return reload();
    },
    reload,
    async move(change) {
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const [before] = await backing.get([lineageKey]);
        const lineage = decodeLineage(before);
        const changed = change(lineage);
        if (changed === lineage) return keep(lineage, before).lineage;
        const next = { ...changed, revision: lineage.revision + 1 };
        const text = JSON.stringify(next);
        const answers = await backing.write([{ key: lineageKey, text, expect: before ?? null }]);
        if (answers?.[0] !== true) continue;
        readAt = clock.monotonic();
        return keep(next, text).lineage;
      }
      const message = `the lineage of this memory changed under each of ${attempts} attempts to move it: try again`;
      throw new VerdigrisError("state-contended", message, { attempts });
    },
  };
}
