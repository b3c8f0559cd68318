/** A value of a variable: a boolean, string, number or JSON, as the rules say. */
export type Value = boolean | string | number | { [key: string]: unknown } | unknown[] | null;

/** The attributes that come with a request, by name. What the rules do not read is ignored. */
export type Context = { readonly [attribute: string]: unknown };

/** The value of one variable for one context, and where it comes from. */
export interface Decision {
  /** The variable's key. */
  key: string;
  /** Its value. Shared by all decisions of the same variation: do not change it. */
  value: Value;
  /** The variation that the value is of. */
  variant: string;
  /** Why this variation: OpenFeature's reasons. */
  reason: "TARGETING_MATCH" | "SPLIT" | "DEFAULT" | "DISABLED" | "ERROR";
  /** The feature that the variable belongs to. */
  feature: string;
  /** The rule that matched; null for the default. */
  rule: string | null;
  /** What went wrong, where the reason is ERROR. */
  fault?: "TRAP" | "NONSENSE" | "CONTEXT_TOO_LARGE" | "NO_INSTANCE";
}

export interface Options {
  /** The moment that `now`, schedules and rollouts go by: milliseconds since the Unix epoch, or a date. This moment unless said. */
  now?: number | Date;
}

/** An attribute that the rules read. */
export interface Attribute {
  name: string;
  type: "string" | "bool" | "int" | "uint" | "double" | "timestamp" | "semver";
  /** A list of that type. */
  list: boolean;
}

/** Compiled rules, ready to decide. */
export interface Program {
  /** The hash of the rules' sources. */
  readonly version: string;
  /** The keys of all variables. */
  readonly variables: string[];
  /** The attributes that the rules read. */
  readonly attributes: Attribute[];
  /**
   * Decides one variable. Throws an UnknownVariableError for a key that no variable has, and a TypeError where
   * `now` is no moment; whatever else goes wrong is a decision of reason ERROR with the default's value.
   */
  decide(key: string, context: Context, options?: Options): Decision;
  /** Decides all variables: decisions by key. */
  decideAll(context: Context, options?: Options): { [key: string]: Decision };
  /** The attributes of a context whose values break their declaration, and so count as missing. */
  mistyped(context: Context, options?: Options): string[];
}

/** Loads a program that `crossfade build` wrote. Throws a LoadError for anything else. */
export function load(
  source: BufferSource | WebAssembly.Module | Response | Promise<Response>,
): Promise<Program>;

/** A module that is no program, or one of another version. */
export class LoadError extends Error {}

/** A question that no program could answer. */
export class UnknownVariableError extends Error {
  /** OpenFeature's code for it. */
  readonly code: "FLAG_NOT_FOUND";
}
