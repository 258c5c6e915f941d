// Checks every published package as a user's tools see it: publint for the manifest, attw for the types.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

let failed = false;
for (const folder of readdirSync("packages").sort()) {
  const manifest = JSON.parse(readFileSync(`packages/${folder}/package.json`, "utf8"));
  if (manifest.private === true) continue;
  for (const [tool, ...args] of [
    ["publint", "run", `packages/${folder}`, "--pack", "npm", "--strict"],
    ["attw", "--pack", `packages/${folder}`, "--profile", "esm-only", "--format", "ascii", "--quiet"],
  ]) {
    const { status, stdout, stderr } = spawnSync("npx", ["--no-install", tool, ...args], {
      encoding: "utf8",
    });
    if (status === 0) continue;
    failed = true;
    console.error(`${tool} on ${manifest.name}:\n${stdout}${stderr}`);
  }
  console.log(`${manifest.name}: checked`);
}
process.exitCode = failed ? 1 : 0;
