import { type JsonIssue, joinPath, maxJsonIssues } from "./plain-json.ts";

const [quote, backslash, comma] = [34, 92, 44];
const [openList, closeList, openObject, closeObject] = [91, 93, 123, 125];

/** One object or list that is open where the text is read. */
interface Frame {
  /** Names so far; null in a list. */
  readonly names: Set<string> | null;
  /** The member or position that is read. */
  at: string | number;
}

interface Reading {
  readonly text: string;
  readonly issues: JsonIssue[];
  readonly open: Frame[];
  /** Whether the next string is a member's name. */
  nameNext: boolean;
}

/**
 * The members that stand twice in one object of `text`, which `JSON.parse` has accepted: parsers differ in which one
 * wins, so two readers could see two things in one file. At most 100, each with its path.
 */
export function repeatedMembers(text: string): readonly JsonIssue[] {
  const reading: Reading = { text, issues: [], open: [], nameNext: false };
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === quote) at = readString(reading, at);
    else readMark(reading, unit);
  }
  return reading.issues;
}

function readMark(reading: Reading, unit: number): void {
  if (unit === openObject || unit === openList) {
    reading.open.push({ names: unit === openObject ? new Set() : null, at: 0 });
    reading.nameNext = unit === openObject;
  } else if (unit === closeObject || unit === closeList) {
    reading.open.pop();
    reading.nameNext = false;
  } else if (unit === comma) {
    const frame = reading.open.at(-1);
    if (typeof frame?.at === "number") frame.at += 1;
    reading.nameNext = frame?.names instanceof Set;
  }
}

/** Answers where the string ends. */
function readString(reading: Reading, from: number): number {
  const end = closingQuote(reading.text, from);
  if (reading.nameNext) readName(reading.text.slice(from, end + 1), reading);
  reading.nameNext = false;
  return end;
}

function closingQuote(text: string, from: number): number {
  for (let end = text.indexOf('"', from + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === backslash) before -= 1;
    // An even number of backslashes escapes itself and leaves the quote alone.
    if ((end - before) % 2 === 0) return end;
  }
  return text.length;
}

function readName(quoted: string, { open, issues }: Reading): void {
  const frame = open.at(-1);
  if (!(frame?.names instanceof Set)) return;
  const name = quoted.includes("\\") ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
  frame.at = name;
  if (frame.names.has(name) && issues.length < maxJsonIssues) {
    const path = open.reduce((outer, { at }) => joinPath(outer, at), "");
    issues.push({ path, problem: "stands twice in one object" });
  }
  frame.names.add(name);
}
