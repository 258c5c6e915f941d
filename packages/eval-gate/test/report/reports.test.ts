import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GateEvidence } from "../../src/evidence/evidence.ts";
import { renderHtml, renderJUnit, renderMarkdown } from "../../src/report.ts";
import { aCase, aSet } from "../run/a-run.ts";
import { aFinding, anEvidence, namesOf, plainNames } from "./an-evidence.ts";

const verdicts = ["pass", "fail", "inconclusive", "incomparable", "error"] as const;

const hostile = [
  "<script>alert(1)</script>",
  '" onmouseover="alert(1)',
  "' style='x",
  "</title></style><img src=x onerror=alert(1)>",
  "]]><!--",
  "&lt;b&gt; &amp; &#60;",
  "a|b",
  "`tick` ``two``",
  "# heading\n\n- item\n| a | b |",
  "[link](javascript:alert(1)) ![x](https://x.org/y.png)",
  "@everyone https://x.org",
  "\u0000\u0008\u001b[31mred\u001b[0m",
  "\u202eesrever\u2066",
  "\ud800 lone \udfff",
  "\ufffe\uffff",
  "a\u2028b\u2029c",
  "{{x}} $1 $&",
];

/** The tags of markup without the values of their attributes. */
function skeleton(markup: string): string {
  return (markup.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""')).join("\n");
}

/** Kind of each line of Markdown and, in a table, its number of cells. */
function shape(markdown: string): string[] {
  return markdown.split("\n").map((line) => {
    const [kind = ""] = /^(#+ |- |\| )?/.exec(line) ?? [];
    return kind === "| " ? `| ${line.split(/(?<!\\)\|/).length}` : line === "" ? "" : kind || "text";
  });
}

/** WCAG 2.2, relative luminance. */
function contrast(one: string, other: string): number {
  const luminance = (color: string): number => {
    const digits = color.length === 4 ? color.slice(1).replace(/./g, "$&$&") : color.slice(1);
    const [r = 0, g = 0, b = 0] = [0, 2, 4]
      .map((at) => Number.parseInt(digits.slice(at, at + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const views = { renderHtml, renderJUnit, renderMarkdown };

describe("hostile names and texts [REPORT-HOSTILE]", () => {
  it.each(hostile)("add no element to HTML and JUnit, and no line or cell to Markdown: %j", (text) => {
    const [benign, evil] = [anEvidence({}, plainNames), anEvidence({}, namesOf(text))];
    expect(skeleton(renderHtml(evil))).toBe(skeleton(renderHtml(benign)));
    expect(skeleton(renderJUnit(evil))).toBe(skeleton(renderJUnit(benign)));
    expect(shape(renderMarkdown(evil))).toEqual(shape(renderMarkdown(benign)));
  });

  it("add nothing whatever they are", () => {
    const benign = anEvidence({}, plainNames);
    const [page, junit, lines] = [
      skeleton(renderHtml(benign)),
      skeleton(renderJUnit(benign)),
      shape(renderMarkdown(benign)),
    ];
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 40 }), (text) => {
        const evil = anEvidence({}, namesOf(text));
        expect(skeleton(renderHtml(evil))).toBe(page);
        expect(skeleton(renderJUnit(evil))).toBe(junit);
        expect(shape(renderMarkdown(evil))).toEqual(lines);
      }),
      { numRuns: 60 },
    );
  });

  it.each(Object.keys(views) as (keyof typeof views)[])(
    "leave no control character or turning mark in %s",
    (name) => {
      const text = views[name](anEvidence({}, namesOf(hostile.join(" "))));
      expect(text).not.toMatch(/(?![\n])\p{Cc}|\p{Bidi_Control}|[\ufffe\uffff]/u);
      expect(text).not.toMatch(/\p{Cs}/u);
    },
  );

  it("are questions too, where the report shows them", () => {
    const of = (input: string) => renderHtml(anEvidence(), { set: aSet(aCase("q-1", { input })) });
    expect(skeleton(of(hostile[3] ?? ""))).toBe(skeleton(of("benign")));
    expect(of("benign")).toContain("benign");
  });

  it("call nobody and link nowhere in Markdown", () => {
    const text = renderMarkdown(anEvidence({}, { ...plainNames, text: "@everyone [x](https://x.org)" }));
    expect(text).not.toMatch(/@everyone|https:\/\/|[^\\]\]\(/);
  });
});

describe("renderHtml", () => {
  it("needs nothing from anywhere and may not fetch it: no script, address or import", () => {
    const page = renderHtml(anEvidence());
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|https?:\/\/|src=|@import|url\(/i);
  });

  it("can be read by those who see little: contrast of text in light and dark, heads of tables, scrolling by key", () => {
    const page = renderHtml(anEvidence());
    const themes = [...page.matchAll(/:root \{([^}]*)\}/g)].map(([, theme = ""]) =>
      Object.fromEntries(
        [...theme.matchAll(/--(\w+): (#[0-9a-f]+)/g)].map(([, name, color]) => [name, color]),
      ),
    );
    expect(themes).toHaveLength(2);
    for (const theme of themes) {
      for (const text of ["ink", "dim", "good", "bad", "unsure"]) {
        for (const ground of ["paper", "card"])
          expect(contrast(theme[text] ?? "", theme[ground] ?? ""), `${text} on ${ground}`).toBeGreaterThan(
            4.5,
          );
      }
    }
    const heads = page.match(/<th\b[^>]*>[^<]*/g) ?? [];
    expect(heads.filter((head) => !/ scope="(col|row)"/.test(head) || head.endsWith(">"))).toEqual([]);
    expect(page.match(/<div class="wide"(?! tabindex="0")/g)).toBeNull();
  });

  it("shows the baseline against itself beside the verdict [GATE-NOISE]", () => {
    const noise = { source: "measured", difference: -0.012, expected: 0.024, disagree: 3 } as const;
    const evidence = anEvidence({ metrics: [aFinding({ noise }), aFinding()] });
    for (const view of [renderHtml(evidence), renderMarkdown(evidence)]) {
      expect(view).toContain("a second run: −1.2 points, 3 cases otherwise; nine");
      expect(view).toContain(
        "one half of its repeats against the other: +0.4 points, 12 cases otherwise; with all repeats nine",
      );
      expect(view).toContain("±2.4");
    }
  });

  it("draws a row with interval and margin for every comparison, and nothing where there is none", () => {
    expect(renderHtml(anEvidence()).match(/class="dot"/g)).toHaveLength(2);
    const first = anEvidence({
      baseline: null,
      metrics: [aFinding({ baseline: null, difference: null, interval: null })],
    });
    expect(renderHtml(first)).not.toContain("<svg");
  });

  it("puts dot, bar and margin where their numbers are", () => {
    const [, plot = ""] = /<svg[^>]*>(.*?)<\/svg>/s.exec(renderHtml(anEvidence())) ?? [];
    const x = (pattern: RegExp) => Number(pattern.exec(plot)?.[1]);
    const [low, high] = [x(/class="bar" x1="([\d.]+)"/), x(/class="bar" x1="[\d.]+" x2="([\d.]+)"/)];
    const [zero, margin, dot] = [
      x(/class="zero" x1="([\d.]+)"/),
      x(/class="margin" x1="([\d.]+)"/),
      x(/cx="([\d.]+)"/),
    ];
    // Of the first finding: change 5.9, interval 2.1 to 9.7, margin -5.
    const perPoint = (high - low) / (9.7 - 2.1);
    expect(low - zero).toBeCloseTo(2.1 * perPoint, 0);
    expect(zero - margin).toBeCloseTo(5 * perPoint, 0);
    expect(dot - zero).toBeCloseTo(5.9 * perPoint, 0);
  });

  it.each([1e-9, 0.5, 1])("draws changes of any size: %d", (half) => {
    const interval = { lower: -half, upper: half, method: "tango" as const };
    const page = renderHtml(
      anEvidence({ metrics: [aFinding({ difference: 0, interval, margin: half / 2 })] }),
    );
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("opens the losses of what did not pass", () => {
    const page = renderHtml(anEvidence());
    expect(page.match(/<details open>/g)).toHaveLength(1);
  });
});

describe("renderJUnit", () => {
  it("counts what it holds", () => {
    const xml = renderJUnit(anEvidence());
    const [, tests, failures, errors] =
      /<testsuites[^>]*tests="(\d+)" failures="(\d+)" errors="(\d+)"/.exec(xml) ?? [];
    expect(Number(tests)).toBe(xml.match(/<testcase /g)?.length);
    expect(Number(failures)).toBe(xml.match(/<failure /g)?.length);
    expect(Number(errors)).toBe(xml.match(/<error /g)?.length ?? 0);
  });

  const clean: Partial<GateEvidence> = {
    reasons: [],
    rareEvents: [],
    slices: [],
    metrics: [aFinding()],
    mustPass: { checked: 1, failed: [] },
  };

  it.each(verdicts)("is red exactly when the gate did not pass: %s [REPORT-JUNIT]", (verdict) => {
    const xml = renderJUnit(anEvidence({ ...clean, verdict, coverage: null }));
    expect(/<(failure|error) /.test(xml)).toBe(verdict !== "pass");
    const kind = verdict === "incomparable" || verdict === "error" ? "<error " : "<failure ";
    if (verdict !== "pass") expect(xml).toContain(kind);
  });

  it("shows what could not be measured or compared as errors", () => {
    const reasons = [{ verdict: "incomparable", code: "case-changed", text: "q-1 changed" }] as const;
    const xml = renderJUnit(anEvidence({ ...clean, verdict: "incomparable", reasons }));
    expect(xml).toContain('<error type="case-changed"');
  });

  it("fails on coverage only where the gate did", () => {
    const stopped = [{ verdict: "fail", code: "coverage-failed", text: "x" }] as const;
    expect(renderJUnit(anEvidence({ ...clean }))).not.toContain("coverage-warn");
    expect(renderJUnit(anEvidence({ ...clean, reasons: stopped }))).toContain('type="coverage-warn"');
  });
});

describe("every view", () => {
  it.each(verdicts)("says the verdict %s, both bundles, and the digest or the bundles' place", (verdict) => {
    const evidence = anEvidence({ verdict, reasons: [], notes: [] });
    for (const text of [renderMarkdown(evidence), renderHtml(evidence)]) {
      expect(text).toContain("green");
      expect(text).toContain("blue");
      expect(text).toContain(evidence.digest);
      expect(text.toLowerCase()).toContain(verdict);
    }
  });

  it.each(Object.entries(views))("shows a first bundle and an empty record: %s", (_, view) => {
    const bare = anEvidence({
      ...{
        baseline: null,
        reasons: [],
        notes: [],
        coverage: null,
        rareEvents: [],
        slices: [],
        looks: [],
        metrics: [],
      },
      mustPass: { checked: 0, failed: [] },
    });
    expect(view(bare)).not.toMatch(/undefined|NaN|\[object/);
  });

  it("names ten cases and counts the rest in Markdown", () => {
    const cases = Array.from({ length: 30 }, (_, i) => `lost-${i}`);
    const text = renderMarkdown(anEvidence({ metrics: [aFinding({ lost: { count: 42, cases } })] }));
    expect([text.includes("lost-9"), text.includes("lost-10"), text.includes("and 32 more")]).toEqual([
      true,
      false,
      true,
    ]);
  });
});
