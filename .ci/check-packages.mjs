// Checks every published package as a user's tools see it: publint for the manifest, attw for the types. What they see is
// the packed file, packed once; as many checks at a time as there are cores.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

const published = readdirSync("packages")
  .sort()
  .map((folder) => ({ folder, ...JSON.parse(readFileSync(`packages/${folder}/package.json`, "utf8")) }))
  .filter((manifest) => manifest.private !== true);

const destination = mkdtempSync(join(tmpdir(), "verdigris-packed-"));
process.on("exit", () => rmSync(destination, { recursive: true }));
const folders = published.map(({ folder }) => `./packages/${folder}`);
const packed = JSON.parse(
  execFileSync("npm", ["pack", "--json", "--pack-destination", destination, ...folders], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }),
);

const checks = packed.flatMap(({ name, filename }) => {
  const file = join(destination, filename);
  return [
    { name, tool: "publint", args: ["run", file, "--strict"] },
    { name, tool: "attw", args: [file, "--profile", "esm-only", "--format", "ascii"] },
  ];
});

/** Resolves with what the tool complains about, empty when it does not. */
function complaint({ tool, args }) {
  return new Promise((resolve) => {
    execFile(join("node_modules", ".bin", tool), args, (error, stdout, stderr) => {
      resolve(error === null ? "" : `${stdout}${stderr}`.trim() || String(error));
    });
  });
}

async function work() {
  for (let check = checks.shift(); check !== undefined; check = checks.shift()) {
    const said = await complaint(check);
    if (said === "") continue;
    process.exitCode = 1;
    console.error(`${check.tool} on ${check.name}:\n${said}`);
  }
}

if (packed.length !== published.length)
  throw new Error(`packed ${packed.length} of ${published.length} packages`);
await Promise.all(Array.from({ length: availableParallelism() }, work));
console.log(`${packed.length} packages checked`);
