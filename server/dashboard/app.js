// The page: its parts by their addresses, and the stream that keeps them live.

import { follow, token } from "./api.js";
import { h, say, show, toast } from "./dom.js";
import { differences } from "./differences.js";
import { explain } from "./explain.js";
import { history } from "./history.js";
import { live } from "./live.js";
import { migration } from "./migration.js";
import { rules } from "./rules.js";

const PAGES = {
  "": ["Live", live],
  migration: ["Migration", migration],
  rules: ["Rules", rules],
  explain: ["Explain", explain],
  differences: ["Differences", differences],
  history: ["History", history],
};

/** As many samples as the server keeps. */
const MOST_SAMPLES = 150;

const main = document.getElementById("main");
const connection = document.getElementById("connection");
let page = null;
main.classList.add("waiting");
let overview = null;
let samples = [];

function open() {
  const [name = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const [title, make] = PAGES[name] ?? PAGES[""];
  page?.close?.();
  page = make(rest);
  show(main, page.element);
  document.title = `${title} · Crossfade`;
  for (const link of document.querySelectorAll("#nav a")) {
    const isHere = link.getAttribute("href").replace(/^#\/?/, "") === (PAGES[name] ? name : "");
    if (isHere) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else link.removeAttribute("aria-current");
  }
  if (overview) page.update?.(overview, samples);
}

window.addEventListener("hashchange", () => {
  open();
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
});

window.addEventListener("signed-out", () => {
  if (document.getElementById("sign-in")) return;
  page?.close?.();
  page = null;
  const input = h("input", { type: "password", autocomplete: "current-password", required: true, id: "token" });
  const form = h("form", { class: "card sign-in", id: "sign-in", onsubmit: (event) => {
    event.preventDefault();
    token.set(input.value.trim());
    window.dispatchEvent(new Event("signed-in"));
    open();
  } },
    h("h1", {}, "Who are you?"),
    h("p", {}, "This server asks for a token of the role ", h("code", {}, "admin"), ": ", h("code", {}, "crossfade token create --role admin"), " makes one."),
    token.get() && h("p", { class: "alarm bad", role: "alert" }, "The token before was not known, or may not look."),
    h("div", { class: "field" }, h("label", { for: "token" }, "Token"), input),
    h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Come in")));
  token.forget();
  show(main, form);
  input.focus();
});

const STATES = { live: "live", lost: "not connected; trying again", "signed-out": "signed out" };
let job = null;

follow({
  onState(state) {
    connection.className = `connection ${state}`;
    say(connection, STATES[state]);
  },
  onOverview(latest) {
    overview = latest;
    const known = samples.at(-1)?.at_ms ?? 0;
    samples = latest.samples.length > 1 ? latest.samples : [...samples, ...latest.samples.filter((sample) => sample.at_ms > known)].slice(-MOST_SAMPLES);
    tell(latest.job);
    page?.update?.(overview, samples);
    main.classList.remove("waiting");
  },
});

/** Says that work has ended, wherever one looks. */
function tell(latest) {
  const was = job;
  job = latest;
  if (!was || was.state !== "running" || latest?.state === "running") return;
  if (latest?.state === "done") toast(`${latest.command} is done`);
  if (latest?.state === "failed") toast(`${latest.command} failed: ${latest.error}`, "bad");
}

open();
