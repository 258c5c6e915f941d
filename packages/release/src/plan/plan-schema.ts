import { type JsonIssue, joinPath } from "@verdigris/contracts";
import { z } from "zod";
import { durationMs } from "./duration.ts";
import type { ReleasePlanInput } from "./plan-input.ts";

const duration = z
  .unknown()
  .refine(
    (value) => durationMs(value) !== null,
    'must be whole milliseconds or text such as "10m" or "48h", more than nothing and 400 days at most',
  );
const reason = z.string().trim().min(1, "must say why").max(500);
const gate = z.union(
  [z.strictObject({ without: reason }), z.strictObject({ timeout: duration.optional() })],
  { error: "must be { timeout } or { without: a reason }" },
);
const percent = z
  .number()
  .refine(
    (value) => value > 0 && value < 100,
    "must be more than 0 and less than 100: the hundred is the switch",
  );
const action = z.enum(["rollback", "hold", "notify"], { error: 'must be "rollback", "hold" or "notify"' });
const signal = z.union([action, z.strictObject({ on: action, mustClear: z.boolean().optional() })], {
  error: 'must be "rollback", "hold", "notify" or { on, mustClear }',
});
const name = z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 . _ : -");
const phases = [
  "built",
  "smoke",
  "evals",
  "shadow",
  "canary",
  "switched",
  "draining",
  "quarantine",
  "recycled",
];

const schema = z.strictObject({
  rollout: z.enum(["blue-green", "canary", "canary-then-blue-green", "advised"]).optional(),
  gates: z
    .strictObject({
      built: z.strictObject({ timeout: duration.optional() }).optional(),
      smoke: gate.optional(),
      evals: gate.optional(),
      shadow: gate.optional(),
    })
    .optional(),
  canary: z
    .strictObject({
      steps: z
        .array(z.strictObject({ percent, for: duration }))
        .min(1)
        .max(16)
        .optional(),
      timeout: duration.optional(),
    })
    .optional(),
  approval: z
    .strictObject({
      before: z.array(z.enum(["canary", "switched"])).min(1),
      anotherPerson: z.boolean().optional(),
      timeout: duration.optional(),
    })
    .optional(),
  signals: z
    .union([z.strictObject({ without: reason }), z.record(name, signal)], {
      error: "must be signals by name, or { without: a reason }",
    })
    .optional(),
  strategy: z.enum(["drain", "pin"]).optional(),
  onRollback: z.enum(["finish", "migrate", "cancel"]).optional(),
  holdbackPercent: percent.optional(),
  quarantine: z
    .strictObject({
      for: duration.optional(),
      recheck: duration.optional(),
      outsideBecause: reason.optional(),
    })
    .optional(),
  recycle: z.unknown().optional(),
  rollbackSafe: z.boolean().optional(),
  memory: z.boolean().optional(),
  drillWithin: duration.optional(),
  hooks: z
    .strictObject({
      around: z.array(z.enum(phases as [string, ...string[]])).min(1),
      timeout: duration.optional(),
    })
    .optional(),
}) as unknown as z.ZodType<ReleasePlanInput>;

/** Everything wrong with the shape of a plan; none when its parts can be read. */
export function shapeIssues(input: unknown): readonly JsonIssue[] {
  const result = schema.safeParse(input);
  return result.success ? [] : result.error.issues.flatMap(toIssues);
}

function toIssues(issue: z.core.$ZodIssue): JsonIssue[] {
  const path = issue.path.reduce<string>((joined, part) => joinPath(joined, String(part)), "");
  if (issue.code !== "unrecognized_keys")
    return [{ path, problem: issue.message.replace(/^Invalid input: /, "is wrong: ") }];
  return issue.keys.map((key) => ({ path: joinPath(path, key), problem: "is unknown; check the spelling" }));
}
