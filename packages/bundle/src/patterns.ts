// Said once, for the check and for the schema that editors read. They see untrusted text, so none may backtrack more
// than once over it.

/** SHA-256 as text. */
export const digestPattern: RegExp = /^sha256:[0-9a-f]{64}$/;

/** Text that may stand in a store key. */
export const idPattern: RegExp = /^[A-Za-z0-9._:-]{1,128}$/;

/** The name of an entry. */
export const namePattern: RegExp = /^(?!(?:__proto__|constructor|prototype)$)[A-Za-z0-9._:-]{1,128}$/;

/**
 * Versions, names and snapshots, of at most {@link labelLength}. Control and format characters are kept out: a version
 * that looks like another on a screen is another version all the same.
 */
export const labelPattern: RegExp = /^(?!\s)[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+(?<!\s)$/u;

/** In UTF-16 units. */
export const labelLength: number = 256;
