import { styleText } from "node:util";

/** How a text is set apart. */
export type Style = Parameters<typeof styleText>[0];

/** Where the demo speaks: a terminal gets colours and a moving bar, everything else plain lines. */
export interface View {
  line(text?: string): void;
  paint(style: Style, text: string): string;
  /** Shows how far something is. */
  progress(label: string, total: number): Progress;
  /** Counts what has no end yet. */
  counter(label: string): Progress;
}

/** A bar that fills. */
export interface Progress {
  advance(): void;
  /** Moves to a place that something else counts. */
  reach(place: { readonly done: number }): void;
  end(): void;
}

const barWidth = 30;

/** The beginning of a text, on one line. */
export function excerpt(text: string, length = 90): string {
  const oneLine = text.replace(/\s+/g, " ");
  return oneLine.length <= length ? oneLine : `${oneLine.slice(0, length - 1)}…`;
}

/** Speaks on `stream`. Colours are for terminals, and NO_COLOR turns them off. */
export function createView(stream: NodeJS.WriteStream): View {
  const moving = stream.isTTY === true;
  const coloured = moving && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const line = (text = ""): void => {
    stream.write(`${text}\n`);
  };
  const paint = (style: Style, text: string): string => (coloured ? styleText(style, text) : text);
  return {
    line,
    paint,
    progress: (label, total) =>
      moving ? movingBar(stream, label, total, paint) : plainProgress(line, label, total),
    counter: (label) => (moving ? movingCount(stream, label) : plainCount(line, label)),
  };
}

function movingCount(stream: NodeJS.WriteStream, label: string): Progress {
  const began = performance.now();
  let drawn = Number.NEGATIVE_INFINITY;
  const draw = (done: number): void => {
    stream.write(`\r   ${label} ${done}  ${secondsSince(began)}\u001b[K`);
    drawn = performance.now();
  };
  const count = counting((done) => {
    if (performance.now() - drawn > 50) draw(done);
  });
  return {
    ...count,
    end: () => {
      draw(count.done());
      stream.write("\n");
    },
  };
}

function plainCount(line: View["line"], label: string): Progress {
  const began = performance.now();
  const count = counting(() => {});
  return { ...count, end: () => line(`   ${label} ${count.done()}  ${secondsSince(began)}`) };
}

function counting(tell: (done: number) => void) {
  let done = 0;
  const reach = (place: { readonly done: number }): void => {
    done = place.done;
    tell(done);
  };
  return { reach, advance: () => reach({ done: done + 1 }), done: () => done };
}

function movingBar(stream: NodeJS.WriteStream, label: string, total: number, paint: View["paint"]): Progress {
  const began = performance.now();
  let done = 0;
  let drawn = Number.NEGATIVE_INFINITY;
  const draw = (): void => {
    const filled = Math.round((barWidth * done) / total);
    const bar = paint("cyan", "█".repeat(filled)) + paint("dim", "░".repeat(barWidth - filled));
    stream.write(`\r   ${label} ${bar} ${done} of ${total}  ${secondsSince(began)}\u001b[K`);
    drawn = performance.now();
  };
  draw();
  const reach = (place: { readonly done: number }): void => {
    done = place.done;
    if (done === total || performance.now() - drawn > 50) draw();
  };
  return {
    reach,
    advance: () => reach({ done: done + 1 }),
    end: () => {
      draw();
      stream.write("\n");
    },
  };
}

function plainProgress(line: View["line"], label: string, total: number): Progress {
  const began = performance.now();
  let done = 0;
  const tell = (): void => line(`   ${label} ${done} of ${total}  ${secondsSince(began)}`);
  const quarter = Math.max(1, Math.ceil(total / 4));
  const reach = (place: { readonly done: number }): void => {
    const before = Math.floor(done / quarter);
    done = place.done;
    if (Math.floor(done / quarter) > before && done < total) tell();
  };
  return {
    reach,
    advance: () => reach({ done: done + 1 }),
    end: tell,
  };
}

function secondsSince(began: number): string {
  return `${((performance.now() - began) / 1_000).toFixed(1)} s`;
}
