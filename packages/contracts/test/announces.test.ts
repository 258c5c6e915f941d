import { agentKeys, announces } from "@verdigris/contracts";
import { expect, test } from "vitest";

const hex = "a".repeat(64);

test.each(["support", "pin", "claim", "moved", "node", "notice", "usage", "chunk", "route"])(
  "keys of runs are not pushed, routes and lifecycle are, for the agent %s under any prefix",
  (agent) => {
    const keys = agentKeys(agent);
    const quiet = [
      keys.pin("blue", 1_760_000_000_000, "run"),
      keys.claim("job-7"),
      keys.claim("root:run"),
      keys.moved("run"),
      keys.notice(1_760_000_000_000, "id"),
      keys.usage(1_760_000_000_000, "node", 12),
      keys.chunk(hex, "upload", 3),
      `${keys.prefix}node/n1`,
    ];
    const loud = [keys.route, keys.audit(7), keys.bundle("blue"), keys.index("docs", "3"), keys.blob(hex)];
    for (const prefix of ["", "platform/", "pin/", "platform/claim/", "a/moved/b/"]) {
      expect(quiet.map((key) => prefix + key).filter(announces)).toEqual([]);
      expect(loud.map((key) => prefix + key).filter((key) => !announces(key))).toEqual([]);
    }
  },
);
