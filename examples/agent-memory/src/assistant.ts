import type { AgentState, Memory } from "@verdigris/agent-state";
import type { RunScope } from "verdigris";

/** How a bundle makes a note of what it was told. */
export type Pipeline = (text: string) => { readonly topic: string; readonly note: string };

/** Blue takes a message at its word: everything up to the first "is" is the topic. */
export const wordForWord: Pipeline = (text) => {
  const [topic = "", note = ""] = text.split(" is ");
  return { topic: topic.toLowerCase().replace("my ", ""), note };
};

/** Green guesses, and guesses wrongly: every message is about the last word in it. */
export const guessing: Pipeline = (text) => ({ topic: text.split(" ").at(-1) ?? "", note: "likes it" });

/** What the run of `scope` knows of `user`: what it made of what it was told, and the words themselves. */
export function memoriesOf(
  state: AgentState,
  scope: RunScope,
  user: string,
): { notes: Memory; said: Memory } {
  return {
    notes: state.memory(scope, { subject: user }),
    said: state.memory(scope, { subject: user, namespace: "said" }),
  };
}

/** One turn: remember the words, and what this bundle makes of them. */
export async function listen(
  state: AgentState,
  scope: RunScope,
  pipeline: Pipeline,
  user: string,
  text: string,
): Promise<void> {
  const { notes, said } = memoriesOf(state, scope, user);
  const { topic, note } = pipeline(text);
  await said.set(topic, text);
  await notes.set(topic, note);
}
