/** Shown below the help of a command, by its name. */
export const examples: Readonly<Record<string, string>> = {
  verdigris: `
The on-call needs four:
  verdigris status --watch
  verdigris rollback --reason "answers in the wrong language"
  verdigris hold --reason "looking into it"
  verdigris history

Exit codes: 0 done, 1 no (a gate failed, a check found something, a move was refused), 2 error,
3 inconclusive, 4 somebody else was first, 5 not allowed or not confirmed, 130 interrupted.`,
  status: `
  verdigris status
  verdigris status --watch --every 2000
  verdigris status --json | jq .route.live`,
  rollback: `
  verdigris rollback --reason "answers in the wrong language"
  verdigris rollback --store redis://cache:6379 --agent support   # nothing but the store is needed
  verdigris rollback --force   # though the way back is in doubt`,
  hold: `
  verdigris hold --reason "looking into it"
  verdigris route release-hold --reason "it was the network"   # the route may move again
  verdigris release resume --reason "it was the network"       # and the release goes on`,
  history: `
  verdigris history --limit 5
  verdigris history --release "$(verdigris release list --json | jq -r '.[0].id')"`,
  runs: `
  verdigris runs --bundle v43`,
  costs: `
  verdigris costs --from 24h --by model`,
  blame: `
  verdigris blame --from 24h
  verdigris blame --json | jq '.[] | {bundle, p95Ms, errorRate, changes: [.changes[].piece]}'`,
  doctor: `
  verdigris doctor || echo "somebody should look at it"`,
  drill: `
  verdigris drill --reason "monthly" --percent 5
  verdigris drill --reason "monthly" --bundle v42 --yes`,
  release: `
  verdigris release start v43 --plan careful --reason "new prompt"
  verdigris release show
  verdigris release approve --reason "evidence read"
  verdigris release wait switched`,
  gate: `
  verdigris gate run --set evals.jsonl --policy policy.json --baseline v42.jsonl --candidate v43.jsonl --out evidence.json
  verdigris gate report evidence.json --format html --out report.html`,
};
