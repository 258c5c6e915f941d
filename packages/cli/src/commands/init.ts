import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CliError } from "../cli-error.ts";
import { exitCode } from "../exit-code.ts";
import type { CliIo } from "../io.ts";
import { type GlobalOptions, printer } from "../open/session.ts";

function config(agent: string, store: string): string {
  return `// Read by the verdigris command in this folder and below. Every setting can be given by an option instead.
export default {
  agent: ${JSON.stringify(agent)},
  // sqlite:path, postgres://user@host/database?schema=verdigris or redis://host?prefix=verdigris
  store: ${JSON.stringify(store)},
  // Where teams share one store, what the records of this one stand below.
  // prefix: "payments/",

  // verdigris release start <bundle> --plan careful --reason "..."
  plans: {
    careful: "./verdigris/plan.json",
  },

  // Only for verdigris controller: the gates a release asks, and what watches it afterwards.
  // releases: async () => ({
  //   gates: { smoke, evals, shadow },
  //   signals: async (bundle) => detectors.signals(bundle),
  //   notify: async ({ topic, text }) => console.log(topic, text),
  // }),
};
`;
}

const bundle = `# What is released as one thing. Any change here is a new bundle: give it a new id.
# verdigris bundle check verdigris/bundle.yaml
id: v1
code:
  commit: "0000000"
  # The digest of what is deployed: verdigris bundle create finds it, and the commit, by itself.
  build: sha256:0000000000000000000000000000000000000000000000000000000000000000
models:
  answer:
    provider: openai
    name: gpt-5-mini
    snapshot: gpt-5-mini-2025-08-07
    settings: { temperature: 0 }
prompts:
  system:
    version: "1"
    text: You answer questions about our product, and say so when you do not know.
`;

const plan = `{
  "rollout": "advised",
  "signals": { "without": "no detectors are wired up yet" },
  "quarantine": { "for": "48h", "recheck": "1h" }
}
`;

const evals = `{"name":"support","version":"1"}
{"id":"refund-1","input":"How do I get my money back?","expected":"refunds","slice":"refunds"}
{"id":"login-1","input":"I cannot log in","expected":"login","slice":"login","mustPass":true}
`;

/** Writes a commented config, a bundle, a plan and an eval set; overwrites nothing. */
export async function init(io: CliIo, options: GlobalOptions): Promise<number> {
  const files: readonly [string, string][] = [
    [
      "verdigris.config.mjs",
      config(options.agent ?? "my-agent", options.store ?? "sqlite:verdigris/agent.db"),
    ],
    ["verdigris/bundle.yaml", bundle],
    ["verdigris/plan.json", plan],
    ["verdigris/evals.jsonl", evals],
  ];
  const there = files.map(([name]) => name).filter((name) => existsSync(resolve(io.cwd, name)));
  if (there.length > 0)
    throw new CliError("usage", `${there.join(", ")} would be overwritten: move it away first`);
  await mkdir(resolve(io.cwd, "verdigris"), { recursive: true });
  for (const [name, text] of files) await writeFile(resolve(io.cwd, name), text, { flag: "wx" });
  const written = files.map(([name]) => name);
  printer(io, options.json === true)(
    { written },
    () =>
      `${written.map((name) => `wrote ${name}`).join("\n")}\n\nnext: verdigris bundle check verdigris/bundle.yaml; once a process of the agent has run, verdigris status`,
  );
  return exitCode.done;
}
