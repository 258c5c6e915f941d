/** A way in which the server as it is set up can lose a commit it has acknowledged. */
export type RedisRiskCode = "persistence" | "fsync" | "eviction" | "replication" | "unknown";

export interface RedisRisk {
  readonly code: RedisRiskCode;
  /** The setting, what it is and what it should be, in one sentence. */
  readonly message: string;
}

/** What the store needs to know of its server; a user declares it where the server does not tell. */
export interface RedisSettings {
  /** `appendonly` */
  readonly appendOnly: boolean;
  /** `appendfsync` */
  readonly appendFsync: "always" | "everysec" | "no";
  /** `no-appendfsync-on-rewrite`. @default false */
  readonly noFsyncOnRewrite?: boolean;
  /** `maxmemory-policy` */
  readonly maxmemoryPolicy: string;
  /** Replicas that a failover could promote. */
  readonly replicas: number;
}

const found = (code: RedisRiskCode, message: string): RedisRisk => ({ code, message });

/** What `settings` put at risk when every commit waits for `waitForReplicas` replicas; pure. */
export function risksOf(settings: RedisSettings | null, waitForReplicas: number): readonly RedisRisk[] {
  if (settings === null) {
    return [
      found(
        "unknown",
        "the server does not tell its settings (CONFIG GET is refused): state them in `settings`",
      ),
    ];
  }
  const risks: RedisRisk[] = [];
  const { appendOnly, appendFsync, noFsyncOnRewrite = false, maxmemoryPolicy, replicas } = settings;
  if (!appendOnly) {
    risks.push(
      found(
        "persistence",
        "appendonly is no: a restart loses everything since the last snapshot; set it to yes",
      ),
    );
  } else if (appendFsync !== "always") {
    risks.push(
      found("fsync", `appendfsync is ${appendFsync}: a crash loses the latest commits; set it to always`),
    );
  } else if (noFsyncOnRewrite) {
    risks.push(
      found("fsync", "no-appendfsync-on-rewrite is yes: nothing is flushed during a rewrite; set it to no"),
    );
  }
  // The keys have no time to live, so a volatile-* policy never takes them.
  if (maxmemoryPolicy.startsWith("allkeys")) {
    risks.push(
      found(
        "eviction",
        `maxmemory-policy is ${maxmemoryPolicy}: a full server drops the data; set it to noeviction`,
      ),
    );
  }
  if (replicas > waitForReplicas) {
    risks.push(
      found(
        "replication",
        `${replicas} replicas follow and commits wait for ${waitForReplicas}: a failover may promote one that lacks the latest commits; pass waitForReplicas: ${replicas}`,
      ),
    );
  }
  return risks;
}
