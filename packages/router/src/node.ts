export { readSwitchFile } from "./read-switch-file.ts";
