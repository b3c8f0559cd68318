// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** `12,345`; below ten with a decimal where there is one. */
export const number = (value) => (Math.abs(value) < 10 ? one : whole).format(value ?? 0);

export const count = (value) => whole.format(value ?? 0);

export const rate = (value) => `${number(value)}/s`;

export const percent = (share) => (share > 0 && share < 0.01 ? "<1 %" : share < 1 && share > 0.99 ? ">99 %" : `${Math.round(share * 100)} %`);

/** A duration in milliseconds. */
export function milliseconds(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 10_000) return `${whole.format(value / 1000)} s`;
  if (value >= 1_000) return `${one.format(value / 1000)} s`;
  return `${value < 10 ? one.format(value) : whole.format(value)} ms`;
}

/** How long ago, from seconds. */
export function ago(seconds) {
  if (seconds < 1.5) return "just now";
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

export const plural = (value, word, words = `${word}s`) => `${count(value)} ${value === 1 ? word : words}`;

/** A moment, in the reader's own time. */
export function moment(text) {
  const at = new Date(text);
  const day = at.toLocaleDateString("en-CA");
  const time = at.toLocaleTimeString("en-GB");
  return day === new Date().toLocaleDateString("en-CA") ? time : `${day} ${time}`;
}

/** Where a database is, without its user and password. */
export function place(url) {
  try {
    const { hostname, port, pathname } = new URL(url.replace(/^postgres(ql)?:/, "http:"));
    return `${hostname}${port && port !== "5432" ? `:${port}` : ""}${pathname}`;
  } catch {
    return url;
  }
}

/** What is known of a side at a stage. */
export function role(side, data) {
  if (data.stage === "completed") return side === "new" ? "the only one" : "retired, read-only";
  if (data.stage === "idle") return side === "old" ? "takes every read and write" : "not in use yet";
  return side === data.primary ? "takes every write first" : "follows";
}

/** Reasons of reads, in words. */
export const REASONS = {
  "flag-new": "the rules say new",
  "flag-old": "the rules say old",
  "not-copied": "rows are not copied yet",
  behind: "the user's own write is not there yet",
  "circuit-open": "the other one failed lately",
  "new-failed": "the other one failed just now",
};

/** What became of mirrors, in words. */
export const MIRRORS = {
  applied: ["in both when answered", "both"],
  pending: ["left to the journal", "pending"],
  "not-asked": ["mirrored a moment later", "later"],
};
