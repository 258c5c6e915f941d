/**
 * Every attribute this package writes, in one place. Names under `verdigris.` are ours; the others are OpenTelemetry's,
 * copied rather than imported because the GenAI names still move between packages (semantic-conventions 1.45,
 * semantic-conventions-genai 0.1: `gen_ai.*` in development, `feature_flag.*` release candidate, `error.type` stable).
 */
export const attributeNames = {
  bundleId: "verdigris.bundle.id",
  bundleDigest: "verdigris.bundle.digest",
  runId: "verdigris.run.id",
  role: "verdigris.role",
  trafficClass: "verdigris.traffic.class",
  mixed: "verdigris.run.mixed",
  resumed: "verdigris.run.resumed",
  outcome: "verdigris.run.outcome",
  step: "verdigris.step.name",
  fromBundle: "verdigris.migrated.from_bundle",
  routingReason: "verdigris.routing.reason",
  indexName: "verdigris.index.name",
  indexVersion: "verdigris.index.version",
  indexDigest: "verdigris.index.digest",
  toolVersion: "verdigris.tool.version",
  toolDigest: "verdigris.tool.digest",
  currency: "verdigris.cost.currency",

  agentName: "gen_ai.agent.name",
  promptName: "gen_ai.prompt.name",
  promptVersion: "gen_ai.prompt.version",
  requestModel: "gen_ai.request.model",
  responseModel: "gen_ai.response.model",
  responseId: "gen_ai.response.id",
  provider: "gen_ai.provider.name",
  toolName: "gen_ai.tool.name",
  errorType: "error.type",

  flagKey: "feature_flag.key",
  flagProvider: "feature_flag.provider.name",
  flagVariant: "feature_flag.result.variant",
  flagReason: "feature_flag.result.reason",
  flagVersion: "feature_flag.version",

  evaluationName: "gen_ai.evaluation.name",
  evaluationScore: "gen_ai.evaluation.score.value",
  evaluationLabel: "gen_ai.evaluation.score.label",
  evaluationExplanation: "gen_ai.evaluation.explanation",
} as const;

/** Every event, span and instrument this package makes; a step's span has its name after it. */
export const signalNames = {
  flagEvaluation: "feature_flag.evaluation",
  evaluation: "gen_ai.evaluation.result",
  migrated: "verdigris.run.migrated",
  expiring: "verdigris.run.expiring",

  runSpan: "verdigris.run",
  stepSpan: "verdigris.step",

  runDuration: "verdigris.run.duration",
  stepDuration: "verdigris.step.duration",
  runsActive: "verdigris.run.active",
  inputTokens: "gen_ai.client.inference.usage.input_tokens",
  outputTokens: "gen_ai.client.inference.usage.output_tokens",
  cacheReadTokens: "gen_ai.client.inference.usage.cache_read.input_tokens",
  cacheWriteTokens: "gen_ai.client.inference.usage.cache_write.input_tokens",
  reasoningTokens: "gen_ai.client.inference.usage.reasoning.output_tokens",
  cost: "verdigris.cost",
  unpricedCalls: "verdigris.cost.unpriced_calls",
} as const;

/** The baggage entry that holds a run's token, as `tokenToBaggage` of the umbrella writes it. */
export const baggageTokenName = "verdigris.run";
