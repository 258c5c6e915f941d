import { type Tool, tool } from "ai";
import { z } from "zod";
import type { Corpus } from "./corpus.ts";
import type { DocsIndex, Hit } from "./indexes.ts";

/** What a model is told about a tool, as plain JSON Schema: the text a tool's digest is taken over. */
export interface ToolContract {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
}

/** A JSON Schema (draft 2020-12). */
type JsonSchema = Readonly<Record<string, unknown>>;

/** What `search_docs` is called with. */
interface SearchInput {
  readonly query: string;
  readonly k: number;
}

/** What `read_doc` is called with. */
interface ReadInput {
  readonly slug: string;
}

/** What `read_doc` answers: the text is empty when there is no such page. */
export interface ReadOutput {
  readonly slug: string;
  readonly text: string;
}

/** What the application, not the model, tells `search_docs` about a run. (A type: the SDK wants an index signature.) */
type SearchContext = { readonly exclude: string | null };

/** The tools by the names the model calls them. */
export interface DocsTools {
  readonly search_docs: Tool<SearchInput, Hit[], SearchContext>;
  readonly read_doc: Tool<ReadInput, ReadOutput>;
  readonly [name: string]: Tool;
}

const searchDescription = "Find pages of the documentation; the best match comes first.";
const readDescription = "Read one page of the documentation by its address.";
const searchInput: z.ZodType<SearchInput> = z.object({
  query: z.string(),
  k: z.number().int().min(1).max(20),
});
const searchOutput: z.ZodType<Hit[]> = z.array(
  z.object({ slug: z.string(), title: z.string(), score: z.number() }),
);
const readInput: z.ZodType<ReadInput> = z.object({ slug: z.string() });
const readOutput: z.ZodType<ReadOutput> = z.object({ slug: z.string(), text: z.string() });
const searchContext: z.ZodType<SearchContext> = z.object({ exclude: z.string().nullable() });

/** The two tools of the agent over one index and the pages behind it. */
export function createTools(index: DocsIndex, corpus: Corpus): DocsTools {
  return {
    search_docs: tool({
      description: searchDescription,
      inputSchema: searchInput,
      outputSchema: searchOutput,
      contextSchema: searchContext,
      execute: ({ query, k }, { context }) => index.search(query, k, context.exclude),
    }),
    read_doc: tool({
      description: readDescription,
      inputSchema: readInput,
      outputSchema: readOutput,
      execute: ({ slug }) => ({ slug, text: corpus.pages.get(slug)?.text ?? "" }),
    }),
  };
}

/** The contracts of the two tools, in the order the model sees them. */
export const toolContracts: readonly ToolContract[] = [
  {
    name: "search_docs",
    description: searchDescription,
    inputSchema: z.toJSONSchema(searchInput, { io: "input" }),
    outputSchema: z.toJSONSchema(searchOutput),
  },
  {
    name: "read_doc",
    description: readDescription,
    inputSchema: z.toJSONSchema(readInput, { io: "input" }),
    outputSchema: z.toJSONSchema(readOutput),
  },
];
