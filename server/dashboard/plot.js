// Small plots of the last minutes, as SVG: stacked areas, or lines.

import { h, s, say } from "./dom.js";

const WIDTH = 600;
const HEIGHT = 120;
const WINDOW_MS = 300_000;

/** A little above the largest value, at a number that reads well. */
export function ceiling(largest) {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((top) => top >= largest * 1.05) ?? 15 * power;
}

/**
 * A plot of `series`, each `{ name, kind, of }`: its name, its colour's class, and its value in a sample (or null).
 * `stacked` ones add up.
 */
export function plot({ title, series, format, stacked = false, least = 1 }) {
  const marks = series.map(({ kind }) => ({
    area: s("path", { class: `area ${kind}` }),
    line: s("path", { class: `line ${kind}`, "vector-effect": "non-scaling-stroke" }),
  }));
  const cursor = s("line", { class: "cursor", y1: 0, y2: HEIGHT, "vector-effect": "non-scaling-stroke" });
  const grid = [0.5, 1].map((share) => s("line", { class: "grid", x1: 0, x2: WIDTH, y1: HEIGHT * (1 - share), y2: HEIGHT * (1 - share), "vector-effect": "non-scaling-stroke" }));
  const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, grid, marks.map(({ area }) => stacked && area), marks.map(({ line }) => line), cursor);
  const [top, middle] = [h("span", { class: "tick top" }), h("span", { class: "tick middle" })];
  const values = series.map(() => h("b", {}, "–"));
  const when = h("span", { class: "when" }, "now");
  const frame = h("div", { class: "plot", role: "img", "aria-label": title }, svg, top, middle);
  const element = h("section", { class: "card figure" },
    h("div", { class: "figure-head" }, h("h2", {}, title), when),
    h("ul", { class: "legend" }, series.map(({ name, kind }, nth) => h("li", { class: kind }, h("span", {}, name), values[nth]))),
    frame,
    h("div", { class: "axis", "aria-hidden": "true" }, h("span", {}, "5 min ago"), h("span", {}, "now")));

  let samples = [];
  let pointed = null;

  function tell() {
    const sample = pointed ?? samples.at(-1);
    series.forEach(({ of }, nth) => {
      const value = sample && of(sample);
      say(values[nth], value === null || value === undefined ? "–" : format(value));
    });
    say(when, pointed ? `${Math.round((samples.at(-1).at_ms - pointed.at_ms) / 1000)} s ago` : "now");
    cursor.classList.toggle("on", pointed !== null);
  }

  function point(event) {
    const last = samples.at(-1);
    if (!last) return;
    const box = svg.getBoundingClientRect();
    const at = last.at_ms - WINDOW_MS * (1 - (event.clientX - box.left) / box.width);
    pointed = samples.reduce((best, sample) => (Math.abs(sample.at_ms - at) < Math.abs(best.at_ms - at) ? sample : best), last);
    const x = place(pointed, last);
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    tell();
  }
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerleave", () => {
    pointed = null;
    tell();
  });

  const place = (sample, last) => ((sample.at_ms - last.at_ms + WINDOW_MS) / WINDOW_MS) * WIDTH;

  function update(latest) {
    samples = latest;
    const last = samples.at(-1);
    if (!last) return;
    const shown = samples.filter((sample) => sample.at_ms >= last.at_ms - WINDOW_MS);
    const rows = series.map(({ of }) => shown.map((sample) => of(sample) ?? null));
    const sums = shown.map((_, at) => rows.reduce((sum, row) => sum + (row[at] ?? 0), 0));
    const largest = Math.max(least, ...(stacked ? sums : rows.flat().map((value) => value ?? 0)));
    const high = ceiling(largest);
    say(top, format(high));
    say(middle, format(high / 2));
    const y = (value) => (HEIGHT * (1 - value / high)).toFixed(1);
    const xs = shown.map((sample) => place(sample, last).toFixed(1));
    const floor = shown.map(() => 0);
    rows.forEach((row, nth) => {
      const tops = stacked ? row.map((value, at) => floor[at] + (value ?? 0)) : row;
      // Where nothing is added, its edge is that of the one below.
      const edge = stacked ? tops.map((value, at) => (row[at] > 0 || (row[at] === 0 && series.length === 1) ? value : null)) : tops;
      marks[nth].line.setAttribute("d", path(xs, edge.map((value) => (value === null ? null : y(value)))));
      if (stacked) {
        const back = xs.map((x, at) => `${x} ${y(floor[at])}`).reverse();
        marks[nth].area.setAttribute("d", xs.length > 0 ? `M${xs.map((x, at) => `${x} ${y(tops[at])}`).join(" L")} L${back.join(" L")} Z` : "");
        tops.forEach((value, at) => { floor[at] = value; });
      }
    });
    frame.setAttribute("aria-label", `${title}: ${series.map(({ name, of }) => `${name} ${of(last) === null || of(last) === undefined ? "none" : format(of(last))}`).join(", ")} now`);
    tell();
  }
  return { element, update };
}

/** A line with gaps where there was nothing. */
function path(xs, ys) {
  let text = "";
  let pen = "M";
  xs.forEach((x, at) => {
    if (ys[at] === null) {
      pen = "M";
    } else {
      text += `${pen}${x} ${ys[at]}`;
      pen = "L";
    }
  });
  return text;
}

/** A bar of shares in a row of a table. */
export function bar(share, kind) {
  const element = h("div", { class: `bar ${kind}` }, h("i", {}));
  element.firstChild.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return element;
}
