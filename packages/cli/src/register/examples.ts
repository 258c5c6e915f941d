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
  release: `
  verdigris release start v43 --plan careful --reason "new prompt"
  verdigris release show
  verdigris release approve --reason "evidence read"
  verdigris release wait switched`,
  "release start": `
  verdigris release start v43 --plan careful --reason "new prompt"
  verdigris release start v43 --plan ./verdigris/plan.json --reason "new prompt"
  verdigris release start fixed-1 --plan careful --emergency --reason "both bundles are bad"`,
  "release show": `
  verdigris release show
  verdigris release show --json | jq '.release.gates'`,
  "release list": `
  verdigris release list
  verdigris release list --json | jq -r '.[0].id'`,
  "release approve": `
  verdigris release approve --reason "evidence read"
  verdigris release approve --evidence "$(verdigris release show --json | jq -r .evidence)" --reason "evidence read"`,
  "release resume": `
  verdigris release resume --reason "it was the network"`,
  "release abort": `
  verdigris release abort --reason "wrong bundle" --yes`,
  "release retry": `
  verdigris release retry --reason "the judge was down"`,
  "release skip": `
  verdigris release skip shadow --reason "no traffic at night" --yes`,
  "release wait": `
  verdigris release wait switched   # exit code 1 where it ends in any other way
  verdigris release wait completed --json`,
  route: `
  verdigris route flip v43 --reason "no plan for this agent yet"
  verdigris route release-hold --reason "looked into it"`,
  "route flip": `
  verdigris route flip v43 --reason "no plan for this agent yet"
  verdigris route flip v43 --expect 17 --reason "seen at generation 17" --yes`,
  "route stage": `
  verdigris route stage v43 --reason "a share of keys next"`,
  "route canary": `
  verdigris route canary 5 --reason "first share"
  verdigris route canary 0 --reason "no more of it"   # lowering a share asks nothing`,
  "route settle": `
  verdigris route settle --reason "two days without an alarm"`,
  "route release-hold": `
  verdigris route release-hold --reason "it was the network"`,
  deny: `
  verdigris deny v43 --reason "leaks names"
  verdigris deny check v43 || exit 1   # in a deploy pipeline
  verdigris lift v43 --reason "the filter is fixed"`,
  "deny check": `
  verdigris deny check v43 || exit 1   # in a deploy pipeline: an unreachable store is no yes either
  verdigris deny check v42 v43 --json | jq .ok`,
  "deny list": `
  verdigris deny list`,
  lift: `
  verdigris lift v43 --reason "the filter is fixed"`,
  drill: `
  verdigris drill --reason "monthly"   # the rollback of the release in quarantine
  verdigris drill --reason "monthly" --bundle v42 --percent 5 --yes
  verdigris drill --recover --reason "its process died"`,
  drills: `
  verdigris drills`,
  bundle: `
  verdigris bundle create sources.mjs v43.json
  verdigris bundle diff v42 v43.json
  verdigris bundle register v43.json`,
  "bundle create": `
  verdigris bundle create sources.mjs v43.json`,
  "bundle check": `
  verdigris bundle check verdigris/bundle.yaml`,
  "bundle diff": `
  verdigris bundle diff v42 v43            # from the store
  verdigris bundle diff v42 ./v43.json     # a registered one against a file
  verdigris bundle diff a.json b.json      # files alone need no store`,
  "bundle show": `
  verdigris bundle show v43`,
  "bundle register": `
  verdigris bundle register v43.json`,
  gate: `
  verdigris gate run --set evals.jsonl --policy policy.json --baseline v42.jsonl --candidate v43.jsonl --out evidence.json
  verdigris gate report evidence.json --format html --out report.html`,
  "gate run": `
  verdigris gate run --set evals.jsonl --policy policy.json --baseline v42.jsonl --candidate v43.jsonl
  verdigris gate run --set evals.jsonl --policy policy.json --candidate v1.jsonl --out evidence.json   # a first bundle`,
  "gate report": `
  verdigris gate report evidence.json
  verdigris gate report evidence.json --format junit --out gate.xml`,
  runs: `
  verdigris runs --bundle v43
  verdigris runs --limit 500 --json | jq -r '.runs[].key'`,
  drain: `
  verdigris drain v43                  # after a rollback: until the last bad run is gone
  verdigris drain v43 --wait 0         # only look`,
  nodes: `
  verdigris nodes
  verdigris nodes --json | jq '.nodes[] | {name, runtime, region}'`,
  costs: `
  verdigris costs --from 24h --by model
  verdigris costs --from 2026-01-01 --to 2026-02-01 --by label --label tenant`,
  blame: `
  verdigris blame --from 24h
  verdigris blame --json | jq '.[] | {bundle, p95Ms, errorRate, changes: [.changes[].piece]}'`,
  doctor: `
  verdigris doctor || echo "somebody should look at it"
  verdigris doctor --json | jq '.findings[] | select(.state != "ok")'`,
  controller: `
  verdigris controller --tick 5000`,
  init: `
  verdigris init --agent support --store postgres://verdigris@db/agents`,
};
