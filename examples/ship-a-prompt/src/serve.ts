import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createVerdigris, defineBundle, isVerdigrisError, type Run } from "verdigris";
import { agentName, promptFile, readPrompt, type Support, servingCode } from "./agent.ts";
import type { Reply, Request } from "./serving-process.ts";

/** The serving process. It was built with one prompt, and serves every prompt that is shipped while it runs. */
const { values } = parseArgs({
  options: { store: { type: "string", default: "" }, "prompt-store": { type: "string", default: "" } },
});

const store = await createSqliteStore({ file: values.store });
const plain = readPrompt(promptFile("plain"));
const support = createVerdigris<Support>({
  agent: agentName,
  store,
  bundle: defineBundle({
    id: `${agentName}-${plain.version}`,
    code: servingCode(),
    prompts: { system: plain },
  }),
  contents: [plain.text],
  load: async (_bundle, content) => ({ system: await content.prompt("system") }),
  // Asked only for texts that are not in the store, and checked against the digest in the bundle.
  resolve: (_kind, name, version) => {
    const file = join(values["prompt-store"], `${name}@${version}.md`);
    return existsSync(file) ? readFileSync(file, "utf8") : null;
  },
});

const underWay = new Map<string, Run<Support>>();

/** Stands for the model call: the prompt it was given comes back with the answer. */
async function answer(run: Run<Support>): Promise<Reply> {
  const system = await run.step("answer", ({ pipeline }) => pipeline.system);
  return { run: run.id, bundle: run.scope.bundle, system };
}

async function handle(request: Request): Promise<Reply> {
  switch (request.op) {
    case "ask":
      return support.run(request.bundle === undefined ? {} : { bundle: request.bundle }, answer);
    case "begin": {
      const started = await support.start();
      if (!started.placed) throw new Error(`${started.bundle} is not served here`);
      underWay.set(started.run.id, started.run);
      return answer(started.run);
    }
    case "end": {
      const run = underWay.get(request.run);
      if (run === undefined) throw new Error(`${request.run} is not under way here`);
      underWay.delete(run.id);
      const reply = await answer(run);
      await run.finish({ outcome: "completed" });
      return reply;
    }
  }
}

function refusalOf(error: unknown): Reply {
  if (!isVerdigrisError(error)) throw error;
  const cause = isVerdigrisError(error.cause) ? error.cause.code : null;
  return { refused: error.code, cause };
}

process.on("message", (request: Request) => {
  handle(request)
    .catch(refusalOf)
    .then((reply) => process.send?.(reply))
    .catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
});
process.once("disconnect", () => {
  support
    .close()
    .then(() => store.close())
    .catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
});

await support.ready();
process.send?.("ready");
