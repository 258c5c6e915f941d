import { type BundleId, isId, type PinRecord, VerdigrisError } from "@verdigris/contracts";

/** What a token claims. It carries no sticky key and no labels, so it may travel in headers. */
export interface RunClaim {
  readonly agent: string;
  readonly bundle: BundleId;
  readonly deadline: number;
  readonly run: string;
  readonly epoch: number;
  readonly rev: number;
}

const form = "vg1";
const baggageKey = "verdigris.run";

/** Writes the token of a pin: `vg1/agent/bundle/deadline/run/epoch/rev`. Every character is legal in a W3C baggage value. */
export function formatToken(agent: string, pin: PinRecord, rev: number): string {
  return `${form}/${agent}/${pin.bundle}/${pin.deadline}/${pin.run}/${pin.epoch}/${rev}`;
}

function count(text: string | undefined): number {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

/** Reads a token; throws `token-invalid` when it is not one. A valid token is still only a claim, checked against the pin. */
export function parseToken(token: string): RunClaim {
  const [head, agent, bundle, deadline, run, epoch, rev, ...rest] =
    typeof token === "string" && token.length < 600 ? token.split("/") : [];
  const claim = {
    agent: agent ?? "",
    bundle: bundle ?? "",
    deadline: count(deadline),
    run: run ?? "",
    epoch: count(epoch),
    rev: count(rev),
  };
  const sound =
    head === form &&
    rest.length === 0 &&
    isId(claim.agent) &&
    isId(claim.bundle) &&
    isId(claim.run) &&
    Number.isSafeInteger(claim.deadline + claim.epoch + claim.rev);
  if (!sound)
    throw new VerdigrisError("token-invalid", "this is not a run token: pass what run.token gave, unchanged");
  return claim;
}

/** A token as a W3C baggage member, to send along with a request. */
export function tokenToBaggage(token: string): string {
  return `${baggageKey}=${token}`;
}

/** What is wrongly encoded is no token either: reading it says so, with a code. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** The token in a W3C baggage header, or null when there is none. */
export function tokenFromBaggage(header: string | null | undefined): string | null {
  for (const member of (header ?? "").split(",")) {
    const [name, value] = (member.split(";")[0] ?? "").split("=");
    if (name?.trim() === baggageKey && value !== undefined) return decoded(value.trim());
  }
  return null;
}
