import { type CleanUp, cleanUpContent, type ReferencedPiece, referencedPieces } from "@verdigris/bundle";
import { type Store, VerdigrisError } from "@verdigris/contracts";
import { type AuditCheck, type AuditLine, listAudit, verifyAudit } from "@verdigris/router";

/** What an agent has on record beside its route and its runs. */
export interface RecordKeeping {
  /** Moves after a generation, oldest first, one page at a time: who, why, from, to, each with its digest. */
  audit(options?: { readonly after?: number; readonly limit?: number }): Promise<readonly AuditLine[]>;
  /** Recomputes the chain of the audit and names the first entry that was changed, removed or added afterwards. */
  verifyAudit(): Promise<AuditCheck>;
  /** Everything that bundles not yet recycled still need: old snapshots, indexes, tool versions, prompts. */
  referencedPieces(): Promise<readonly ReferencedPiece[]>;
  /** Removes stored contents that no unrecycled bundle needs. Safe beside registrations; any process may. */
  cleanUpContents(): Promise<CleanUp>;
}

/** Reads and tidies the records of an agent; without a store there are none (`store-lacks-capability`). */
export function createRecords(agent: string, store: Store | null): RecordKeeping {
  const need = (): Store => {
    if (store !== null) return store;
    throw new VerdigrisError("store-lacks-capability", `${agent} keeps no records: pass a store`, { agent });
  };
  return {
    audit: async (options) => listAudit(need(), agent, options),
    verifyAudit: async () => verifyAudit(need(), agent),
    referencedPieces: async () => referencedPieces(need(), agent),
    cleanUpContents: async () => cleanUpContent(need(), agent),
  };
}
