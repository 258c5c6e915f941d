/**
 * The latest record format this release reads. What it writes is the format its agent's route is in, which only
 * `raiseFormat` changes. Fields unknown to it survive a rewrite; a higher major is refused.
 */
export const recordVersion = 1;

/** The release of this SDK, as node records name it. */
export const sdkVersion = "0.1.0";
