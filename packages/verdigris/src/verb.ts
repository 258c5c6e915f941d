import type { RouteMove } from "@verdigris/contracts";
import type { Authorize as AuthorizeVerb } from "@verdigris/run-pinning";

/** Everything that may be allowed or refused: the moves of a route, registering a bundle, naming a bundle at a start. */
export type Verb = RouteMove["verb"] | "register" | "start-named";

/** Allows or refuses a verb. What throws, hangs or answers with anything else than a yes refuses. */
export type Authorize = AuthorizeVerb<Verb>;
