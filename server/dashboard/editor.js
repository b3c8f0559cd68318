// A text field for YAML: line numbers, colours, and marks where something is wrong, all beneath a plain textarea.

import { h, show } from "./dom.js";

const TOKENS = /(#.*$)|("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(^\s*(?:- )?[\w./-]+(?=:(?:\s|$)))|([{,]\s*[\w./-]+(?=:\s))|\b(true|false|null)\b|\b(\d[\d.]*%?)(?![\w-])/g;
const KINDS = ["comment", "string", "key", "key", "word", "number"];

function coloured(line, marks) {
  const pieces = [];
  let at = 0;
  for (const match of line.matchAll(TOKENS)) {
    if (match.index > at) pieces.push([at, match.index, ""]);
    const kind = KINDS[match.slice(1).findIndex((group) => group !== undefined)];
    pieces.push([match.index, match.index + match[0].length, kind]);
    at = match.index + match[0].length;
  }
  if (at < line.length) pieces.push([at, line.length, ""]);
  const cuts = marks.flatMap(({ from, to }) => [from, to]);
  return pieces.flatMap(([from, to, kind]) => {
    const inner = [...new Set([from, ...cuts.filter((cut) => cut > from && cut < to), to])].sort((a, b) => a - b);
    return inner.slice(1).map((end, nth) => {
      const mark = marks.find((mark) => mark.from <= inner[nth] && end <= mark.to);
      return h("span", { class: [kind, mark && `marked ${mark.severity}`].filter(Boolean).join(" ") || null }, line.slice(inner[nth], end));
    });
  });
}

/** The editor: `element`, `text()`, `set(text)`, `mark(diagnostics)`, and `goto(line, column)`. */
export function editor({ label, onInput }) {
  const area = h("textarea", { class: "code", spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off", "aria-label": label, rows: 4 });
  const under = h("pre", { class: "under", "aria-hidden": "true" });
  const element = h("div", { class: "editor" }, under, area);
  let diagnostics = [];

  function paint() {
    const lines = area.value.split("\n");
    const marks = new Map();
    for (const { line, column, end_line: endLine, end_column: endColumn, severity } of diagnostics) {
      const to = endLine === line ? endColumn - 1 : (lines[line - 1]?.length ?? 0);
      marks.set(line, [...(marks.get(line) ?? []), { from: column - 1, to: Math.max(to, column), severity }]);
    }
    show(under, lines.map((text, nth) => h("span", { class: `row ${marks.has(nth + 1) ? marks.get(nth + 1)[0].severity : ""}` }, coloured(text, marks.get(nth + 1) ?? []), "\n")));
    area.style.height = `${lines.length * 1.5 + 1.5}em`;
  }

  area.addEventListener("input", () => {
    diagnostics = [];
    paint();
    onInput(area.value);
  });
  // Tab leaves the field, as everywhere; two blanks are typed as two blanks. Enter keeps the line's indentation.
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
    const before = area.value.slice(0, area.selectionStart);
    const indent = before.slice(before.lastIndexOf("\n") + 1).match(/^ */)[0];
    if (indent === "") return;
    event.preventDefault();
    area.setRangeText(`\n${indent}`, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input"));
  });

  return {
    element,
    area,
    text: () => area.value,
    set(text) {
      area.value = text;
      diagnostics = [];
      paint();
    },
    mark(found) {
      diagnostics = found;
      paint();
    },
    goto(line, column) {
      const lines = area.value.split("\n");
      const at = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
      area.focus();
      area.setSelectionRange(at, at);
    },
  };
}

/** A difference as `diff -u` writes it, in colours. */
export function diff(text) {
  if (!text) return h("p", { class: "empty" }, "No difference.");
  const kind = (line) => (/^(\+\+\+|---|@@)/.test(line) ? "meta" : line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "");
  return h("pre", { class: "diff", tabindex: 0, "aria-label": "Difference" }, text.replace(/\n$/, "").split("\n").map((line) => h("span", { class: `row ${kind(line)}` }, line, "\n")));
}
