// What Rust decided, a context a line, against what this program decides. Runs in Node and in browsers.

/**
 * Decides a case anew; what is decided otherwise, if anything is.
 *
 * @param {import("../index.js").Program} program
 * @param {string} line
 * @param {number} nth its place among all lines: which variable is asked for alone
 */
export function difference(program, line, nth) {
  const { context, now, mistyped, decisions } = JSON.parse(line);
  const all = program.decideAll(context, { now });
  const seen = Object.values(all).map(({ variant, rule, reason }) => [variant, rule, reason]);
  if (!same(seen, decisions)) return `decideAll: ${JSON.stringify(seen)} of ${line}`;
  const broken = program.mistyped(context, { now }).sort();
  if (!same(broken, mistyped)) return `mistyped: ${JSON.stringify(broken)} of ${line}`;
  const key = program.variables[nth % program.variables.length];
  const one = program.decide(key, context, { now });
  if (!same(one, all[key])) return `decide: ${JSON.stringify(one)} of ${line}`;
  return undefined;
}

/** Both are made in the same order of the same few types, so that their texts tell. */
function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
