// The motif: old fades into new as reads move over, like two records under one fader.

import { h, s, say } from "./dom.js";
import { percent, place, role } from "./words.js";

const WIDTH = 1000;
const HEIGHT = 132;

/** Equal power: at any place, the squares of both add up to one. */
const loudness = { old: (x) => Math.cos((x * Math.PI) / 2), new: (x) => Math.sin((x * Math.PI) / 2) };

function curve(side) {
  const points = Array.from({ length: 61 }, (_, nth) => nth / 60);
  return points.map((x) => `${(x * WIDTH).toFixed(1)} ${((1 - loudness[side](x) * 0.9) * HEIGHT).toFixed(1)}`);
}

function half(side) {
  const points = curve(side);
  return [
    s("path", { class: `fade-fill ${side}`, d: `M0 ${HEIGHT} L${points.join(" L")} L${WIDTH} ${HEIGHT} Z` }),
    s("path", { class: `fade-line ${side}`, d: `M${points.join(" L")}`, "vector-effect": "non-scaling-stroke" }),
  ];
}

function deck(side) {
  const parts = { place: h("p", { class: "place" }), role: h("p", { class: "role" }), share: h("p", { class: "share" }), what: h("p", { class: "hint" }) };
  const name = side === "old" ? "Old" : "New";
  parts.element = h("div", { class: `deck ${side}` },
    h("h2", { class: "deck-name" }, name), parts.place, parts.role,
    h("div", { class: "deck-share" }, parts.share, parts.what));
  return parts;
}

/** Both databases, and where between them reads are. */
export function crossfader() {
  const [old, neu] = [deck("old"), deck("new")];
  const knob = h("div", { class: "knob" });
  const needle = h("div", { class: "needle" }, knob);
  const meter = h("div", {
    class: "fader", role: "meter", "aria-label": "Share of reads that new answers", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0,
  },
    s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, half("old"), half("new")),
    needle);
  const element = h("section", { class: "card hero", "aria-label": "Old and new" }, h("div", { class: "decks" }, old.element, neu.element), meter);

  function update(data, reads) {
    const total = reads.old + reads.new;
    const share = total > 0 ? reads.new / total : data.stage === "completed" ? 1 : 0;
    for (const [side, deck] of [["old", old], ["new", neu]]) {
      say(deck.place, place(data[side]));
      say(deck.role, role(side, data));
      deck.element.classList.toggle("primary", side === data.primary || (data.stage === "completed" && side === "new"));
      say(deck.share, total > 0 ? percent(side === "new" ? share : 1 - share) : "–");
      say(deck.what, total > 0 ? "of reads" : "no reads lately");
    }
    needle.style.left = `calc(16px + (100% - 32px) * ${share.toFixed(4)})`;
    meter.setAttribute("aria-valuenow", Math.round(share * 100));
    meter.setAttribute("aria-valuetext", total > 0 ? `${percent(share)} of reads are answered by new` : "no reads lately");
  }
  return { element, update };
}
