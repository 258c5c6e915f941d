export { type CliConfig, defineConfig } from "./config/config.ts";
export { exitCode } from "./exit-code.ts";
export type { CliIo } from "./io.ts";
export { runCli } from "./run-cli.ts";
