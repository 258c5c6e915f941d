export { readSwitchFile } from "./read-switch-file.ts";
export { watchSwitchFile } from "./watch-switch-file.ts";
