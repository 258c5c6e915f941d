import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isVerdigrisError, type StartOptions, type Verdigris } from "verdigris";

/** What the front answers: the text, and which bundle said it under which class. */
export interface Reply {
  readonly bundle: string;
  readonly class: string;
  readonly text: string;
}

/** Who asks. A real front reads this from its session; here the headers say it. */
function startOptions(
  { headers }: IncomingMessage,
  testers: ReadonlySet<string>,
): StartOptions<string> & { readonly key: string } {
  const header = (name: string): string => String(headers[name] ?? "");
  const key = header("x-user");
  const labels = { staff: header("x-staff"), tenant: header("x-tenant") };
  const wanted = header("x-try-bundle");
  // Anybody can send the header: only a tester's counts, and the others get what everybody gets.
  return { key, labels, ...(wanted !== "" && testers.has(key) ? { bundle: wanted } : {}) };
}

async function answer(desk: Verdigris<string>, options: StartOptions<string>): Promise<Reply> {
  return desk.run(options, (run) =>
    run.step("answer", ({ pipeline, scope }) => ({
      bundle: scope.bundle,
      class: scope.class,
      text: pipeline,
    })),
  );
}

/** One question, one run. A tester who names a bundle that is not on the route is told so, with the code. */
export function createFront(desk: Verdigris<string>, testers: ReadonlySet<string>): Server {
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      response.end(JSON.stringify(await answer(desk, startOptions(request, testers))));
    } catch (error) {
      response.statusCode = isVerdigrisError(error, "bundle-not-on-route") ? 409 : 500;
      response.end(JSON.stringify({ code: isVerdigrisError(error) ? error.code : "internal" }));
    }
  };
  return createServer((request, response) => void serve(request, response));
}
