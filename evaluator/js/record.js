// What a module and its host agree on: evaluator/src/program/abi.rs, in the words of this language.

/** The version of all this: a module of another is refused. */
export const VERSION = 1;
/** The custom section that holds the metadata, as JSON. */
export const METADATA_SECTION = "crossfade";

/** Addresses of the header: the moment, and the first free byte after the context's strings and lists. */
export const NOW = 0;
export const FREE = 8;

/** The size of a record, in bytes; below, places in it, in words of four bytes. */
export const RECORD_BYTES = 64;
export const TAG = 0;
export const LENGTH = 1;
export const VALUE = 2;
export const HEAD = 4;
export const TEXT = 4;
export const HASH = 6;

export const Tag = Object.freeze({
  MISSING: 0,
  FALSE: 1,
  TRUE: 2,
  INT: 3,
  UINT: 4,
  DOUBLE: 5,
  STRING: 6,
  LIST: 7,
  TIMESTAMP_TEXT: 8,
  SEMVER_TEXT: 10,
  BROKEN: 12,
});

/** OpenFeature's reasons, by the module's number for them. */
export const REASONS = Object.freeze(["DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED"]);
