import { once } from "node:events";
import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createVerdigris } from "verdigris";
import { agentName, describeBundle, loadMaterials } from "./bundles.ts";
import type { Digest } from "./digest.ts";
import type { IndexKind } from "./indexes.ts";

/** What a release tells. */
export interface ReleaseReport {
  readonly bundle: string;
  readonly by: string;
  readonly reason: string;
  readonly generation: number;
  /** True when no evidence went on record with the flip. */
  readonly unevidenced: boolean;
  /** Clock time (ms) at which this process knew that the flip was committed. */
  readonly flippedAt: number;
}

/** Registers a version of the agent and flips to it, from a process that serves nothing. */
const { values } = parseArgs({
  options: {
    file: { type: "string", default: "" },
    bundle: { type: "string", default: "green3" },
    index: { type: "string", default: "routed" },
    reason: {
      type: "string",
      default: "questions that name code are looked up by whole names and by their parts",
    },
    /** Waits for a line before it touches the store: the digest of the evidence, or an empty one. */
    confirm: { type: "boolean", default: false },
  },
});

const bundle = describeBundle(values.bundle, values.index as IndexKind, await loadMaterials(0));
const said = values.confirm ? String((await once(process.stdin, "data"))[0]).trim() : "";
/** The digest of the evidence, where there is any. */
const evidence = said.startsWith("sha256:") ? (said as Digest) : null;

const by = userInfo().username;
const store = await createSqliteStore({ file: values.file });
const verdigris = createVerdigris({ agent: agentName, store, actor: by, watch: false });

await verdigris.register(bundle);
const { generation: expect } = await verdigris.status();
const { generation, unevidenced } = await verdigris.flip({
  ...{ to: bundle.id, reason: values.reason, expect },
  ...(evidence === null ? {} : { evidence }),
});
const flippedAt = Date.now();

const report: ReleaseReport = {
  bundle: bundle.id,
  by,
  reason: values.reason,
  generation,
  unevidenced,
  flippedAt,
};
console.log(JSON.stringify(report));
await verdigris.close();
await store.close();
process.stdin.destroy();
