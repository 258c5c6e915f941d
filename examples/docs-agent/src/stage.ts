import { userInfo } from "node:os";
import { join } from "node:path";
import { createLiveDetectors, storeSource } from "@verdigris/detectors";
import { createDriftBook, type DriftBook } from "@verdigris/detectors/drift";
import type { GateEvidence } from "@verdigris/eval-gate";
import { createReleases, type Releases } from "@verdigris/release";
import type { ShadowEvidence } from "@verdigris/shadow";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { type Bundle, createVerdigris, type Verdigris } from "verdigris";
import type { DocsAgent } from "./agent/agent.ts";
import type { Question } from "./agent/questions.ts";
import { agentName, type Materials } from "./bundles.ts";
import { evalsGate } from "./gates/evals.ts";
import { shadowGate } from "./gates/shadow.ts";
import { smokeGate } from "./gates/smoke.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { type Notebook, openNotebook } from "./notebook.ts";
import { pipelineLoader } from "./pipeline.ts";
import { excerpt, type View } from "./progress.ts";
import { type Mirror, type Served, type Service, serveAll } from "./serve.ts";
import { flushMs, lagMs, watchRules } from "./watch.ts";

/** What a stage is set with. */
export interface StageOptions {
  readonly materials: Materials;
  /** The bundle of this process: the first one to be live. */
  readonly bundle: Bundle;
  readonly questions: readonly Question[];
  /** False when some questions are left out. */
  readonly allQuestions: boolean;
  readonly concurrency: number;
  /** Where files are kept, and where the reports of the gates go. */
  readonly directory: string;
  readonly reports: string;
  readonly view: View;
  readonly signal: AbortSignal;
}

/** What the acts share: the first process. It serves users, and has the gates and detectors that a release asks. */
export interface Stage extends Omit<StageOptions, "bundle"> {
  readonly file: string;
  readonly verdigris: Verdigris<DocsAgent>;
  readonly releases: Releases;
  readonly notebook: Notebook;
  readonly ledger: Ledger;
  readonly drift: DriftBook;
  /** Every question that has been answered here, and what the gates found, in order. */
  readonly served: readonly Served[];
  readonly evals: readonly GateEvidence[];
  readonly shadows: readonly ShadowEvidence[];
  /** Questions the shadow gate waits for. */
  readonly mirrored: readonly Question[];
  /** Attempts at gates that have been shown. */
  readonly shown: Set<string>;
  /** True while a gate listens to users' questions. */
  isMirrored(): boolean;
  /** Answers questions, `concurrency` at a time; with `more`, from the beginning again for as long as it says so. */
  serve(label: string, questions: readonly Question[], how?: Partial<Asked>): Promise<void>;
  close(): Promise<void>;
}

/** How users ask. `concurrency` is the stage's own where it is not given. */
export interface Asked {
  readonly concurrency: number;
  readonly more: () => boolean;
}

/** Where the store of the demo is. */
export function storeFile(directory: string): string {
  return join(directory, "verdigris.db");
}

/** So many questions are mirrored to a candidate. */
const mostMirrored = 150;
const smokeQuestions = 3;

/** Opens the store and the agent on it, with everything that watches it. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { materials, bundle, questions, concurrency, directory, view, signal } = options;
  const file = storeFile(directory);
  const store = await createSqliteStore({ file });
  const actor = userInfo().username;
  const drift = createDriftBook();
  const source = storeSource({ store, agent: agentName, lagMs });
  const detectors = createLiveDetectors({
    source,
    drift,
    rules: watchRules(drift),
    flushMs,
    lookMs: "never",
  });
  const verdigris = createVerdigris<DocsAgent>({
    ...{ agent: agentName, store, bundle, actor, detectors },
    load: pipelineLoader(materials),
    node: { name: "server" },
  });
  await verdigris.ready();

  const ledger = createLedger();
  const notebook = openNotebook(store);
  await notebook.branch(bundle.id, null);
  verdigris.on("run-started", ledger.started);
  verdigris.on("usage", ledger.used);
  verdigris.on("run-finished", (event) => ledger.finished(event));

  const served: Served[] = [];
  const evals: GateEvidence[] = [];
  const shadows: ShadowEvidence[] = [];
  const mirrored = spread(questions, mostMirrored);
  const service: { -readonly [K in keyof Service]: Service[K] } = { verdigris, notebook, mirror: null };
  const releases = createReleases({
    ...{ agent: agentName, store, actor, tickMs: 250, signals: detectors.signals, state: notebook.layer },
    gates: {
      smoke: smokeGate(verdigris, questions.slice(0, smokeQuestions)),
      evals: evalsGate({
        ...options,
        served,
        directory: join(directory, "results"),
        bundle: verdigris.bundle,
        onEvidence: (evidence) => evals.push(evidence),
      }),
      shadow: shadowGate({
        ...{ verdigris, notebook, enough: mirrored.length },
        listen: (mirror: Mirror | null) => {
          service.mirror = mirror;
        },
        onEvidence: (evidence) => shadows.push(evidence),
      }),
    },
    notify: async ({ topic, text }) => {
      if (topic === "alarm") view.line(view.paint("red", `   people are told: ${excerpt(text, 160)}`));
    },
    runsPerHour: async () => ratePerHour(ledger),
    onError: (error) => view.line(`   the driver: ${error instanceof Error ? error.message : error}`),
  });
  return {
    ...options,
    ...{ file, verdigris, releases, notebook, ledger, drift, served, evals, shadows, mirrored },
    shown: new Set(),
    isMirrored: () => service.mirror !== null,
    async serve(label, asked, how = {}) {
      const bar = how.more === undefined ? view.progress(label, asked.length) : view.counter(label);
      const onServed = (one: Served): void => {
        served.push(one);
        ledger.answered(one);
        bar.advance();
      };
      await serveAll(service, asked, { concurrency, signal, onServed, ...how }).finally(bar.end);
    },
    async close() {
      await releases.close();
      await verdigris.close();
      await store.close();
    },
  };
}

/** So many of them, evenly from all. */
function spread(questions: readonly Question[], most: number): readonly Question[] {
  const step = Math.max(1, questions.length / most);
  return questions.filter((_, place) => Math.floor(place / step) !== Math.floor((place - 1) / step));
}

/** Runs of users an hour, by the last hundred of them. */
function ratePerHour({ runs }: Ledger): number {
  const last = runs.slice(-100);
  const took = (last.at(-1)?.acceptedAt ?? 0) - (last[0]?.acceptedAt ?? 0);
  return took === 0 ? 0 : Math.round((3_600_000 * (last.length - 1)) / took);
}
