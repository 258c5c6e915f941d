import { agentState } from "./agent-state.ts";
import { cli } from "./cli.ts";
import { detectors } from "./detectors.ts";
import { footprint } from "./footprint.ts";
import { gateCharacteristics } from "./gate-characteristics.ts";
import { gateStream } from "./gate-stream.ts";
import { hotPath } from "./hot-path.ts";
import { readMachine, readVersions } from "./machine.ts";
import { propagation } from "./propagation.ts";
import { type Bench, renderReport } from "./report.ts";
import { rollback } from "./rollback.ts";
import { shadow } from "./shadow.ts";
import { stores } from "./stores.ts";
import { telemetry } from "./telemetry.ts";

const benches: readonly Bench[] = [
  hotPath,
  stores,
  propagation,
  rollback,
  footprint,
  gateCharacteristics,
  detectors,
  gateStream,
  telemetry,
  agentState,
  shadow,
  cli,
];
const [name, ...flags] = process.argv.slice(2);
const bench = benches.find((known) => known.name === name);

if (bench === undefined) {
  const width = Math.max(...benches.map((known) => known.name.length));
  console.log("usage: npm run bench -- <name> [part …] [--json]\n");
  for (const known of benches) console.log(`  ${known.name.padEnd(width)}  ${known.sentence}`);
  if (name !== undefined) process.exitCode = 2;
} else {
  const machine = readMachine();
  const only = flags.filter((flag) => !flag.startsWith("--"));
  const findings = await bench.run((text) => process.stderr.write(`  ${text}\n`), only);
  const report = { name: bench.name, machine, versions: readVersions(), ...findings };
  console.log(flags.includes("--json") ? JSON.stringify(report, null, 2) : renderReport(report));
}
