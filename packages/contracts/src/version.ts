/** The release of this SDK, as node records name it. */
export const sdkVersion = "0.1.0";
