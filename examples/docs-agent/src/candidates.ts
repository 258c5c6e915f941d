import type { AgentVersion } from "./bundles.ts";

/** A version that wants to go live, and what is said for it. */
export interface Candidate extends AgentVersion {
  readonly idea: string;
}

/** What is live when the demo begins. */
export const blue: AgentVersion = { id: "blue", index: "whole" };

/** Three new indexes, in the order they were thought of. */
export const green1: Candidate = {
  id: "green1",
  index: "split",
  idea: "take identifiers apart, so that parts of them are found",
};
export const green2: Candidate = {
  id: "green2",
  index: "both",
  idea: "the obvious repair: keep the whole ones too",
};
export const green3: Candidate = {
  id: "green3",
  index: "routed",
  idea: "use that only for questions that name code",
};

/** Three that are shipped past the gates: the detectors have to tell them apart in production. */
export const green4: Candidate = {
  id: "green4",
  index: "routed",
  reader: { rememberPages: false },
  idea: "keep no vectors of pages, to save memory",
};
export const green5: Candidate = { id: "green5", index: "routed", idea: "green3 again, built anew" };
export const green6: Candidate = {
  id: "green6",
  index: "routed",
  reader: { pagesRead: 3 },
  idea: "read three pages before answering",
};
