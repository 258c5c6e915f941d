import type { LedgerSql } from "./ledger-sql.ts";

function views(schema: string, format: number): string {
  const batches = (list: string): string => `
FROM ${schema}.entries AS b
CROSS JOIN LATERAL jsonb_array_elements(
  CASE WHEN b.key ~ '/usage/[0-9]{13}/[^/]+$' AND (b.value::jsonb ->> 'v')::int <= ${format}
    THEN COALESCE(b.value::jsonb -> '${list}', '[]') ELSE '[]' END
) AS r
WHERE b.key ~ '/usage/[0-9]{13}/[^/]+$'`;
  return `CREATE OR REPLACE VIEW ${schema}.usage_calls AS
SELECT b.key, substring(b.key, '^(.*)/usage/[0-9]{13}/[^/]+$') AS agent,
  (r ->> 'at')::bigint AS at, to_timestamp((r ->> 'at')::bigint / 1000.0) AS time,
  r ->> 'run' AS run, r ->> 'bundle' AS bundle, r ->> 'step' AS step, r ->> 'class' AS class,
  COALESCE((r ->> 'mixed')::boolean, false) AS mixed, r ->> 'model' AS model,
  (r ->> 'inputTokens')::numeric AS input_tokens, (r ->> 'outputTokens')::numeric AS output_tokens,
  (r ->> 'cost')::numeric AS cost, r ->> 'currency' AS currency, r ->> 'priceTable' AS price_table,
  r ->> 'costSource' AS cost_source, COALESCE(r -> 'labels', '{}') AS labels${batches("records")};

CREATE OR REPLACE VIEW ${schema}.usage_runs AS
SELECT b.key, substring(b.key, '^(.*)/usage/[0-9]{13}/[^/]+$') AS agent,
  substring(b.key, '/usage/([0-9]{13})/[^/]+$')::bigint AS at,
  to_timestamp(substring(b.key, '/usage/([0-9]{13})/[^/]+$')::bigint / 1000.0) AS time,
  r ->> 'bundle' AS bundle, r ->> 'class' AS class, COALESCE((r ->> 'mixed')::boolean, false) AS mixed,
  (r ->> 'completed')::bigint AS completed, (r ->> 'failed')::bigint AS failed,
  (r ->> 'cancelled')::bigint AS cancelled, (r ->> 'expired')::bigint AS expired,
  r -> 'durations' AS durations, COALESCE(r -> 'scores', '{}') AS scores${batches("runs")};`;
}

const production = "class IN ('live', 'canary') AND NOT mixed";

function blame(schema: string): string {
  // The range of keys lets the primary key find the batches; a batch begins at most a minute before its last record.
  const within = `agent = $1 AND ${production} AND at >= $2::bigint AND at < $3::bigint
    AND key >= $1 || '/usage/' || lpad(greatest($2::bigint - 60000, 0)::text, 13, '0')
    AND key < $1 || '/usage/' || lpad($3::text, 13, '0')`;
  return `WITH calls AS (SELECT * FROM ${schema}.usage_calls WHERE ${within}),
runs AS (SELECT * FROM ${schema}.usage_runs WHERE ${within}),
costs AS (SELECT bundle, currency, sum(cost) AS cost FROM calls WHERE cost IS NOT NULL GROUP BY bundle, currency),
unpriced AS (SELECT bundle, count(*) AS calls FROM calls WHERE cost IS NULL GROUP BY bundle),
counts AS (
  SELECT bundle, sum(completed) AS completed, sum(failed) AS failed, sum(expired) AS expired,
    sum(cancelled) AS cancelled, sum(completed + failed + expired) AS runs
  FROM runs GROUP BY bundle
),
buckets AS (
  SELECT bundle, d.key::int AS bucket, sum(d.value::bigint) AS n
  FROM runs CROSS JOIN LATERAL jsonb_each_text(durations) AS d GROUP BY bundle, d.key::int
),
ranked AS (
  SELECT bundle, bucket, sum(n) OVER (PARTITION BY bundle ORDER BY bucket) AS upto,
    sum(n) OVER (PARTITION BY bundle) AS total FROM buckets
),
p95 AS (SELECT bundle, min(bucket) AS bucket FROM ranked WHERE upto >= ceil(0.95 * total) GROUP BY bundle),
named AS (
  SELECT bundle, s.key AS name, sum((s.value ->> 'scored')::bigint) AS scored, sum((s.value ->> 'passed')::bigint) AS passed
  FROM runs CROSS JOIN LATERAL jsonb_each(scores) AS s GROUP BY bundle, s.key
),
judged AS (
  SELECT bundle, sum(scored) AS scored, sum(passed) AS passed,
    jsonb_object_agg(name, jsonb_build_object('scored', scored, 'passed', passed)) AS scores
  FROM named GROUP BY bundle
),
bundles AS (SELECT bundle FROM counts UNION SELECT bundle FROM calls),
known AS (
  SELECT bundles.bundle, COALESCE((e.value::jsonb ->> 'registeredAt')::bigint, 0) AS registered_at,
    e.value::jsonb -> 'manifest' AS manifest
  FROM bundles LEFT JOIN ${schema}.entries AS e ON e.key = $1 || '/bundle/' || bundles.bundle
),
ordered AS (
  SELECT *, lag(bundle) OVER (ORDER BY registered_at, bundle COLLATE "C") AS before,
    lag(manifest) OVER (ORDER BY registered_at, bundle COLLATE "C") AS before_manifest FROM known
)
SELECT bundle, before, (
    SELECT string_agg(piece, ', ' ORDER BY place)
    FROM unnest(ARRAY['code', 'prompts', 'models', 'indexes', 'tools']) WITH ORDINALITY AS p(piece, place)
    WHERE before_manifest IS NOT NULL AND manifest -> piece IS DISTINCT FROM before_manifest -> piece
  ) AS changed_pieces,
  COALESCE(runs, 0) AS runs, COALESCE(completed, 0) AS completed, COALESCE(failed, 0) AS failed,
  COALESCE(expired, 0) AS expired, COALESCE(cancelled, 0) AS cancelled,
  (failed + expired)::float8 / NULLIF(runs, 0) AS error_rate,
  CASE WHEN bucket = 0 THEN 1 ELSE exp((bucket - 0.5) * ln(1.25) / 12)::float8 END AS p95_ms,
  passed::float8 / NULLIF(scored, 0) AS pass_rate, COALESCE(judged.scores, '{}') AS scores,
  currency, cost, cost / NULLIF(completed, 0) AS cost_per_completed_run, COALESCE(calls, 0) AS unpriced_calls
FROM ordered LEFT JOIN counts USING (bundle) LEFT JOIN p95 USING (bundle) LEFT JOIN judged USING (bundle)
  LEFT JOIN costs USING (bundle) LEFT JOIN unpriced USING (bundle)
ORDER BY registered_at, bundle COLLATE "C", currency`;
}

/** The statements for a schema of PostgreSQL, whose `numeric` keeps sums exact. */
export function postgresSql(schema: string, format: number): LedgerSql {
  return { views: views(schema, format), blame: blame(schema) };
}
