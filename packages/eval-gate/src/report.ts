export { type HtmlOptions, renderHtml } from "./report/render-html.ts";
export { renderJUnit } from "./report/render-junit.ts";
export { renderMarkdown } from "./report/render-markdown.ts";
