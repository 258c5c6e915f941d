import { type Bundle, defineBundle } from "verdigris";

/** The agent all processes serve. */
export const agentName = "planner";

function release(id: string): Bundle {
  return defineBundle({
    id,
    code: { commit: "0123abcd", build: `sha256:${"0".repeat(64)}` },
    prompts: { system: { version: id, text: `You are ${id}.` } },
    models: { planner: { provider: "provider", name: "model", snapshot: "model-2026-01-01" } },
    indexes: {},
    tools: {},
  });
}

/** Two releases of it that differ in a prompt alone, so that every process serves both. */
export const blue: Bundle = release("blue");
export const green: Bundle = release("green");
