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
import {
  type CostReport,
  type CostsOptions,
  readCosts,
  readUsage,
  type UsageLedger,
  type UsageRange,
  type UsageRecord,
} from "@verdigris/telemetry";
import { listNotices, type NoticeLine } from "./list-notices.ts";

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
  /**
   * What model calls cost, exactly as the ledger holds it, with what this process has noted so far: by bundle, model, day or
   * label; production, shadow, eval and preview apart; calls without a price listed and never counted as 0.
   */
  costs(options: CostsOptions): Promise<CostReport>;
  /** Every model call on record in a stretch of time. */
  usage(range: UsageRange): AsyncIterable<UsageRecord>;
  /** Removes stored contents that no unrecycled bundle needs. Safe beside registrations; any process may. */
  cleanUpContents(): Promise<CleanUp>;
}

/** Reads and tidies the records of an agent; without a store there are none (`store-lacks-capability`). */
export function createRecords(
  agent: string,
  store: Store | null,
  ledger: Pick<UsageLedger, "flush"> | null,
): RecordKeeping {
  const need = (): Store => {
    if (store !== null) return store;
    throw new VerdigrisError("store-lacks-capability", `${agent} keeps no records: pass a store`, { agent });
  };
  /** What cannot be written now will be written later; a store that is away says so to the reader itself. */
  const flush = async (): Promise<void> => ledger?.flush().catch(() => {});
  return {
    async costs(options) {
      const from = need();
      await flush();
      return readCosts(from, agent, options);
    },
    async *usage(range) {
      const from = need();
      await flush();
      yield* readUsage(from, agent, range);
    },
    audit: async (options) => listAudit(need(), agent, options),
    verifyAudit: async () => verifyAudit(need(), agent),
    exportAudit: async () => exportAudit(need(), agent),
    notices: async (options) => listNotices(need(), agent, options),
    referencedPieces: async () => referencedPieces(need(), agent),
    cleanUpContents: async () => cleanUpContent(need(), agent),
  };
}
