import type { ReleasePlan, ReleasePlanInput, ReleasePorts } from "@verdigris/release";

/** What `verdigris.config.mjs` exports: where the agent is kept, and what a controller needs to drive its releases. */
export interface CliConfig {
  /** The agent's name. */
  readonly agent: string;
  /** `sqlite:path`, `postgres://…` or `redis://…`; a path is taken from the folder of the file. */
  readonly store: string;
  /** Below which the agent's records stand, where several teams share one store (`createPrefixedStore`). @default nothing */
  readonly prefix?: string;
  /** Who acts, where nobody says so with `--actor`. @default the user of the system */
  readonly actor?: string;
  /** Plans by name, for `release start --plan name`: a plan, or a file that holds one, from the folder of the config. */
  readonly plans?: Readonly<Record<string, ReleasePlan | ReleasePlanInput | string>>;
  /** Gates, signals, hooks and notifications for `controller`; a function is called when a controller starts. */
  readonly releases?: ReleasePorts | (() => ReleasePorts | Promise<ReleasePorts>);
}

/** The same, checked by the compiler where the file is typed. */
export function defineConfig(config: CliConfig): CliConfig {
  return config;
}
