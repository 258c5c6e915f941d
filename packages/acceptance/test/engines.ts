import { connect } from "node:net";

/** The servers that some programs and tests need, and the variable that says where each is. */
const engines = {
  postgres: { variable: "VERDIGRIS_POSTGRES_URL", url: "postgres://postgres@127.0.0.1:5432/postgres" },
  redis: { variable: "VERDIGRIS_REDIS_URL", url: "redis://127.0.0.1:6379" },
} as const;

export type Engine = keyof typeof engines;

function engineUrl(engine: Engine): string {
  const { variable, url } = engines[engine];
  return process.env[variable] ?? url;
}

async function takesConnections(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: 3_000 });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", end(true));
    socket.once("timeout", end(false));
    socket.once("error", end(false));
  });
}

/** Whether `engine` is there; prints why not, and throws where tests must not be skipped. */
export async function hasEngine(engine: Engine): Promise<boolean> {
  const url = engineUrl(engine);
  if (await takesConnections(url)) return true;
  const reason = `nothing answers at ${new URL(url).host}; set ${engines[engine].variable}`;
  if (process.env.CI === "true") throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return false;
}

/** The engine that a program cannot run without: the one whose variable it reads. */
export function engineOf(program: string): Engine | null {
  const names = Object.keys(engines) as Engine[];
  return names.find((name) => program.includes(engines[name].variable)) ?? null;
}
