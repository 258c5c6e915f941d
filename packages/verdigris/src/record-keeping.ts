import { type CleanUp, cleanUpContent, type ReferencedPiece, referencedPieces } from "@verdigris/bundle";
import { type Store, VerdigrisError } from "@verdigris/contracts";
import {
  type AuditCheck,
  type AuditExport,
  type AuditLine,
  exportAudit,
  listAudit,
  verifyAudit,
} from "@verdigris/router";
import type { NoticeLine } from "./list-notices.ts";

/** What an agent has on record beside its route and its runs. */
export interface RecordKeeping {
  /** Moves after a generation, oldest first, one page at a time: who, why, from, to, each with its digest. */
  audit(options?: { readonly after?: number; readonly limit?: number }): Promise<readonly AuditLine[]>;
  /** Recomputes the chain of the audit and names the first entry that was changed, removed or added afterwards. */
  verifyAudit(): Promise<AuditCheck>;
  /** All of the audit with its head, verified as it is read, or nothing. Errors: `audit-tampered`. */
  exportAudit(): Promise<AuditExport>;
  /** Refused verbs and named starts, oldest first, one page at a time; they stand apart from the chain. */
  notices(options?: { readonly after?: string; readonly limit?: number }): Promise<readonly NoticeLine[]>;
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
    exportAudit: async () => exportAudit(need(), agent),
    async notices(options) {
      const { listNotices } = await import("./list-notices.ts");
      return listNotices(need(), agent, options);
    },
    referencedPieces: async () => referencedPieces(need(), agent),
    cleanUpContents: async () => cleanUpContent(need(), agent),
  };
}
