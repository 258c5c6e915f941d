import { userInfo } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { type Bundle, type BundleId, createVerdigris, type Verdigris } from "verdigris";
import type { DocsAgent } from "./agent.ts";
import { agentName, type Materials } from "./bundles.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { pipelineLoader } from "./pipeline.ts";
import type { View } from "./progress.ts";
import type { Question } from "./questions.ts";
import { type Served, serveAll } from "./serve.ts";

/** What the acts of the demo share: the first process, which serves. */
export interface Stage {
  readonly verdigris: Verdigris<DocsAgent>;
  readonly ledger: Ledger;
  readonly view: View;
  readonly signal: AbortSignal;
  /** The manifests this process has loaded, as the store had them. */
  readonly manifests: ReadonlyMap<BundleId, Bundle>;
  /** Every question that has been answered here by {@link serve}. */
  readonly served: readonly Served[];
  /** Where files are kept; the store is `file`. */
  readonly directory: string;
  readonly file: string;
  /** Answers questions, `concurrency` at a time, and shows how far it is. */
  serve(label: string, questions: readonly Question[]): Promise<void>;
  close(): Promise<void>;
}

/** What a stage is set with. */
export interface StageOptions extends Pick<Stage, "view" | "signal" | "directory"> {
  readonly materials: Materials;
  /** The bundle of this process: the first one to be live. */
  readonly bundle: Bundle;
  readonly concurrency: number;
}

/** Where the store of the demo is. */
export function storeFile(directory: string): string {
  return join(directory, "verdigris.db");
}

/** Opens the store and the agent on it. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { materials, bundle, concurrency, directory, signal, view } = options;
  const file = storeFile(directory);
  const store = await createSqliteStore({ file });
  const standUp = pipelineLoader(materials);
  const manifests = new Map<BundleId, Bundle>();
  const verdigris = createVerdigris<DocsAgent>({
    agent: agentName,
    store,
    bundle,
    load: (manifest) => {
      manifests.set(manifest.id, manifest);
      return standUp(manifest);
    },
    actor: userInfo().username,
    // Nobody tells this process of a flip: it finds out at its next start.
    watch: false,
  });
  await verdigris.ready();

  const ledger = createLedger();
  const served: Served[] = [];
  verdigris.on("run-started", ledger.started);
  verdigris.on("usage", ledger.used);
  verdigris.on("run-finished", (event) => ledger.finished(event));
  return {
    ...{ verdigris, ledger, manifests, served, view, signal, directory, file },
    async serve(label, questions) {
      const bar = view.progress(label, questions.length);
      await serveAll(verdigris, questions, {
        concurrency,
        signal,
        onServed: (answered) => {
          served.push(answered);
          ledger.answered(answered);
          bar.advance();
        },
      }).finally(bar.end);
    },
    async close() {
      await verdigris.close();
      await store.close();
    },
  };
}
