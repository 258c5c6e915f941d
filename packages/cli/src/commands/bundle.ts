import { resolve } from "node:path";
import { adviseRollout, diffBundles, manifestOf } from "@verdigris/bundle";
import { createBundleFrom, loadBundle, saveBundle } from "@verdigris/bundle/node";
import type { Bundle } from "@verdigris/contracts";
import { CliError } from "../cli-error.ts";
import { exitCode } from "../exit-code.ts";
import type { CliIo } from "../io.ts";
import type { GlobalOptions, Session } from "../open/session.ts";
import { printer, withSession } from "../open/session.ts";
import { readData } from "../read-data.ts";
import { createPaint } from "../terminal/paint.ts";
import { facts } from "../terminal/table.ts";

function looksLikeFile(named: string): boolean {
  return /[/\\]|\.(json|ya?ml)$/i.test(named);
}

function describe(io: CliIo, bundle: Bundle): string {
  const { dim } = createPaint(io);
  const entries = (["models", "prompts", "indexes", "tools"] as const).flatMap((piece) =>
    Object.entries(bundle[piece]).map(([name, entry]): [string, string] => [
      `${piece}.${name}`,
      "version" in entry ? String(entry.version) : JSON.stringify(entry),
    ]),
  );
  return facts(
    [["bundle", bundle.id], ["digest", bundle.digest], ["code", bundle.code.commit], ...entries],
    dim,
  );
}

/** Checks a bundle file as it would be loaded. */
export async function checkBundle(
  io: CliIo,
  options: GlobalOptions & { readonly allowDirty?: boolean },
  file: string,
): Promise<number> {
  const bundle = await loadBundle(resolve(io.cwd, file), { allowDirty: options.allowDirty === true });
  printer(io, options.json === true)(
    { ok: true, id: bundle.id, digest: bundle.digest },
    () => `${bundle.id} ${bundle.digest}`,
  );
  return exitCode.done;
}

/** Makes a bundle of what its sources say is here now, and writes it. */
export async function createBundle(
  io: CliIo,
  options: GlobalOptions,
  sources: string,
  file: string,
): Promise<number> {
  const named = await readData(io.cwd, sources);
  const given = typeof named === "function" ? await (named as () => unknown)() : named;
  const bundle = await createBundleFrom(given as Parameters<typeof createBundleFrom>[0]);
  await saveBundle(resolve(io.cwd, file), bundle);
  printer(io, options.json === true)(bundle, () => `${describe(io, bundle)}\n\nwritten to ${file}`);
  return exitCode.done;
}

async function find(io: CliIo, session: Session | null, named: string): Promise<Bundle> {
  if (looksLikeFile(named)) return loadBundle(resolve(io.cwd, named), { allowDirty: true });
  if (session === null) throw new CliError("usage", `${named} is no file: name its store to look it up`);
  return (await session.verdigris()).bundle(named);
}

/** Two bundles, by file or by id: what changed, how to roll it out, what going back needs. Exit code 1 where they differ. */
export async function diff(io: CliIo, options: GlobalOptions, a: string, b: string): Promise<number> {
  const work = async (session: Session | null): Promise<number> => {
    const compared = diffBundles(await find(io, session, a), await find(io, session, b));
    const advice = adviseRollout(compared);
    printer(io, options.json === true)({ diff: compared, advice }, () => {
      if (compared.changes.length === 0) return compared.text;
      const reasons = advice.reasons.map(({ text }) => `  ${text}`);
      const back = advice.goingBack.map(({ piece, entry, text }) => `  ${piece}.${entry}: ${text}`);
      return [
        compared.text,
        "",
        `roll it out as ${advice.rollout}`,
        ...reasons,
        "",
        "going back needs",
        ...back,
      ].join("\n");
    });
    return compared.changes.length === 0 ? exitCode.done : exitCode.no;
  };
  return [a, b].every(looksLikeFile) ? work(null) : withSession(io, options, work);
}

/** A registered bundle, as it is stored. */
export async function showBundle(session: Session, id: string): Promise<number> {
  const bundle = await (await session.verdigris()).bundle(id);
  session.print(manifestOf(bundle), () => describe(session.io, bundle));
  return exitCode.done;
}

/** Makes the bundle of a file known to every process of the agent. */
export async function registerBundle(session: Session, file: string, allowDirty: boolean): Promise<number> {
  const bundle = await loadBundle(resolve(session.io.cwd, file), { allowDirty });
  const { registered } = await (await session.verdigris()).register(bundle);
  session.print(
    { id: bundle.id, digest: bundle.digest, registered },
    () => `${bundle.id} ${registered ? "is registered" : "was registered already"}`,
  );
  return exitCode.done;
}
