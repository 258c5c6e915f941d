import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { adviseRollout, createVerdigris, defineBundle, diffBundles } from "verdigris";
import { agentName, readPrompt } from "./agent.ts";

const help = `node dist/ship.js <prompt.md> --store <file> --reason <why>

Makes the next bundle from the live one with this system prompt, registers it with its text, and flips to it.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    store: { type: "string", default: "" },
    reason: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});

async function ship(file: string): Promise<void> {
  const store = await createSqliteStore({ file: values.store });
  const support = createVerdigris({
    agent: agentName,
    store,
    actor: userInfo().username,
    // A short-lived process: it reads the route when it needs it.
    watch: false,
  });
  try {
    const { route, generation } = await support.status();
    if (route === null) throw new Error(`${agentName} has no route yet: start a serving process first`);
    const live = await support.bundle(route.live);

    // The manifest of the live bundle with one entry changed. Its digest goes: another content has another one.
    const { digest: _, ...manifest } = live;
    const system = readPrompt(file);
    const id = `${agentName}-${system.version}`;
    const next = defineBundle({ ...manifest, id, prompts: { ...live.prompts, system } });

    const diff = diffBundles(live, next);
    console.log(diff.text);
    if (!diff.changed) return;
    console.log(adviseRollout(diff, { decisiveEvals: true }).text);
    await support.register(next, { contents: [system.text] });
    // Refused with `route-conflict` if somebody moved the route since it was read above.
    const moved = await support.flip({ to: next.id, expect: generation, reason: values.reason });
    console.log(`new runs are on ${next.id} (generation ${moved.generation})`);
  } finally {
    await support.close();
    await store.close();
  }
}

const [file] = positionals;
if (values.help) console.log(help);
else if (file === undefined || values.store === "" || values.reason === "") {
  console.error(help);
  process.exitCode = 2;
} else {
  await ship(file);
}
