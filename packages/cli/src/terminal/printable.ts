/** Colours this program sets itself, and every other character that could move the cursor or turn text around. */
const unsafe = /(\p{Cc}\[[0-9;]*m)|[^\P{Cc}\n\t]|\p{Bidi_Control}/gu;

/** Text from outside could rewrite what a person just read: what could do that is replaced. */
export function printable(text: string): string {
  return text.replace(unsafe, (found, colour) => (colour === undefined ? "\ufffd" : found));
}
