import type { LedgerSql } from "./ledger-sql.ts";

const digits = "[0-9]".repeat(13);

/** A key up to its last `/`, and of that what stands before `/usage/`, 13 digits and `/`. */
const folder = "rtrim(b.key, replace(b.key, '/', ''))";
const agent = `substr(${folder}, 1, length(${folder}) - 21)`;
const began = `CAST(substr(${folder}, length(${folder}) - 13, 13) AS INTEGER)`;

function views(format: number): string {
  const batches = (list: string): string => `
FROM verdigris_entries AS b, json_each(
  CASE WHEN b.key GLOB '*/usage/${digits}/*' AND b.value ->> '$.v' <= ${format}
    THEN COALESCE(b.value -> '$.${list}', '[]') ELSE '[]' END
) AS r
WHERE b.key GLOB '*/usage/${digits}/*'`;
  const field = (name: string): string => `r.value ->> '$.${name}'`;
  return `DROP VIEW IF EXISTS usage_calls;
CREATE VIEW usage_calls AS
SELECT b.key AS key, ${agent} AS agent, ${field("at")} AS at,
  strftime('%Y-%m-%dT%H:%M:%fZ', (${field("at")}) / 1000.0, 'unixepoch') AS time,
  ${field("run")} AS run, ${field("bundle")} AS bundle, ${field("step")} AS step, ${field("class")} AS class,
  COALESCE(${field("mixed")}, 0) AS mixed, ${field("model")} AS model,
  ${field("inputTokens")} AS input_tokens, ${field("outputTokens")} AS output_tokens,
  ${field("cost")} AS cost, CAST(round(CAST(${field("cost")} AS REAL) * 1e12) AS INTEGER) AS cost_units,
  ${field("currency")} AS currency, ${field("priceTable")} AS price_table, ${field("costSource")} AS cost_source,
  COALESCE(r.value -> '$.labels', '{}') AS labels${batches("records")};

DROP VIEW IF EXISTS usage_runs;
CREATE VIEW usage_runs AS
SELECT b.key AS key, ${agent} AS agent, ${began} AS at,
  strftime('%Y-%m-%dT%H:%M:%fZ', ${began} / 1000.0, 'unixepoch') AS time,
  ${field("bundle")} AS bundle, ${field("class")} AS class, COALESCE(${field("mixed")}, 0) AS mixed,
  ${field("completed")} AS completed, ${field("failed")} AS failed, ${field("cancelled")} AS cancelled,
  ${field("expired")} AS expired, r.value -> '$.durations' AS durations,
  COALESCE(r.value -> '$.scores', '{}') AS scores${batches("runs")};`;
}

// The range of keys lets the primary key find the batches; a batch begins at most a minute before its last record.
const within = `agent = ?1 AND class IN ('live', 'canary') AND NOT mixed AND at >= ?2 AND at < ?3
    AND key >= ?1 || '/usage/' || printf('%013d', max(?2 - 60000, 0)) AND key < ?1 || '/usage/' || printf('%013d', ?3)`;

const blame = `WITH calls AS (SELECT * FROM usage_calls WHERE ${within}),
runs AS (SELECT * FROM usage_runs WHERE ${within}),
costs AS (
  SELECT bundle, currency, sum(cost_units) AS units FROM calls WHERE cost IS NOT NULL GROUP BY bundle, currency
),
unpriced AS (SELECT bundle, count(*) AS calls FROM calls WHERE cost IS NULL GROUP BY bundle),
counts AS (
  SELECT bundle, sum(completed) AS completed, sum(failed) AS failed, sum(expired) AS expired,
    sum(cancelled) AS cancelled, sum(completed + failed + expired) AS runs
  FROM runs GROUP BY bundle
),
buckets AS (
  SELECT bundle, CAST(d.key AS INTEGER) AS bucket, sum(d.value) AS n
  FROM runs, json_each(durations) AS d GROUP BY bundle, CAST(d.key AS INTEGER)
),
ranked AS (
  SELECT bundle, bucket, sum(n) OVER (PARTITION BY bundle ORDER BY bucket) AS upto,
    sum(n) OVER (PARTITION BY bundle) AS total FROM buckets
),
p95 AS (SELECT bundle, min(bucket) AS bucket FROM ranked WHERE upto >= ceil(0.95 * total) GROUP BY bundle),
named AS (
  SELECT bundle, s.key AS name, sum(s.value ->> '$.scored') AS scored, sum(s.value ->> '$.passed') AS passed
  FROM runs, json_each(scores) AS s GROUP BY bundle, s.key
),
judged AS (
  SELECT bundle, sum(scored) AS scored, sum(passed) AS passed,
    json_group_object(name, json_object('scored', scored, 'passed', passed)) AS scores
  FROM named GROUP BY bundle
),
bundles AS (SELECT bundle FROM counts UNION SELECT bundle FROM calls),
known AS (
  SELECT bundles.bundle, COALESCE(e.value ->> '$.registeredAt', 0) AS registered_at, e.value -> '$.manifest' AS manifest
  FROM bundles LEFT JOIN verdigris_entries AS e ON e.key = ?1 || '/bundle/' || bundles.bundle
),
ordered AS (
  SELECT *, lag(bundle) OVER (ORDER BY registered_at, bundle) AS before,
    lag(manifest) OVER (ORDER BY registered_at, bundle) AS before_manifest FROM known
)
SELECT o.bundle, before, (
    SELECT group_concat(p.value, ', ') FROM json_each('["code","prompts","models","indexes","tools"]') AS p
    WHERE before_manifest IS NOT NULL AND manifest -> ('$.' || p.value) IS NOT before_manifest -> ('$.' || p.value)
  ) AS changed_pieces,
  COALESCE(runs, 0) AS runs, COALESCE(completed, 0) AS completed, COALESCE(failed, 0) AS failed,
  COALESCE(expired, 0) AS expired, COALESCE(cancelled, 0) AS cancelled,
  CAST(failed + expired AS REAL) / NULLIF(runs, 0) AS error_rate,
  CASE WHEN bucket = 0 THEN 1.0 ELSE exp((bucket - 0.5) * ln(1.25) / 12) END AS p95_ms,
  CAST(passed AS REAL) / NULLIF(scored, 0) AS pass_rate, COALESCE(judged.scores, '{}') AS scores,
  currency, units / 1e12 AS cost, units / 1e12 / NULLIF(completed, 0) AS cost_per_completed_run,
  COALESCE(calls, 0) AS unpriced_calls
FROM ordered AS o LEFT JOIN counts USING (bundle) LEFT JOIN p95 USING (bundle) LEFT JOIN judged USING (bundle)
  LEFT JOIN costs USING (bundle) LEFT JOIN unpriced USING (bundle)
ORDER BY registered_at, o.bundle, currency`;

/**
 * The statements for SQLite, which has no decimals: `cost_units` counts 10⁻¹², and sums of it are exact for calls below 1,000
 * and sums below nine million.
 */
export function sqliteSql(format: number): LedgerSql {
  return { views: views(format), blame };
}
