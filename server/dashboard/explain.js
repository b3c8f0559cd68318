// "User 123 from US: why?"

import { get, post } from "./api.js";
import { field, h, show } from "./dom.js";

const OUTCOMES = {
  matched: ["matched", "good"], condition_false: ["does not hold", ""], condition_unknown: ["unknown", "warn"], not_reached: ["not reached", "dim"],
  outside_rollout: ["holds, but outside its rollout", "warn"], outside_window: ["not in force", "dim"], not_in_force: ["not in force", "dim"],
};

export function explain() {
  const [user, country, subscription] = [["user_id", "123"], ["country", "US"], ["subscription", "free"]].map(([name, value]) => h("input", { name, value, autocomplete: "off" }));
  const more = h("input", { name: "more", placeholder: "app_version=2.4.1, account_id=7", autocomplete: "off" });
  const at = h("input", { name: "at", type: "datetime-local", step: 1 });
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const form = h("form", { class: "card ask", onsubmit: (event) => { event.preventDefault(); why(); } },
    h("div", { class: "fields" },
      field("User", user), field("Country", country), field("Subscription", subscription),
      field("More", more), field("At", at)),
    h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Why?")));
  const element = h("div", { class: "page" }, h("h1", {}, "Explain"), form, answer);

  async function why() {
    const context = {};
    if (user.value) context.targetingKey = user.value;
    if (country.value) context.country = country.value;
    if (subscription.value) context.subscription = subscription.value;
    for (const pair of more.value.split(",").filter((text) => text.includes("="))) {
      const [name, ...rest] = pair.split("=");
      context[name.trim()] = literal(rest.join("=").trim());
    }
    try {
      const told = await post("/api/v1/explain", { context, ...(at.value ? { at: new Date(at.value).toISOString() } : {}) });
      show(answer, told.features.map(feature), attributes(told.attributes));
    } catch (error) {
      show(answer, h("p", { class: "alarm bad", role: "alert" }, error.message));
    }
  }

  why();
  return { element };
}

/** Numbers and booleans as they are, all else as text. */
function literal(text) {
  return /^(-?\d+(\.\d+)?|true|false)$/.test(text) && !/^0\d/.test(text) ? JSON.parse(text) : text;
}

function feature({ feature: name, enabled, rules, decision }) {
  const { values } = decision;
  return h("section", { class: "card" },
    h("div", { class: "figure-head" }, h("h2", {}, name), h("span", { class: "chip" }, decision.reason)),
    typeof values.read === "boolean" && typeof values.write === "boolean" && h("p", { class: "route" },
      "Writes go to ", h("b", { class: values.write ? "both" : "old" }, values.write ? "both databases" : "old alone"), ", reads come from ", h("b", { class: values.read ? "new" : "old" }, values.read ? "new" : "old"), "."),
    h("p", { class: "hint" }, "Served ", h("code", {}, decision.variation), decision.rule ? [" by the rule ", h("b", {}, decision.rule)] : " by default", ": ",
      Object.entries(values).map(([flag, value]) => h("span", { class: "pairing" }, flag, " ", h("code", {}, JSON.stringify(value))))),
    !enabled && h("p", { class: "alarm warn" }, "The feature is off, so its default is served."),
    h("ol", { class: "why" }, rules.map(rule), h("li", { class: decision.rule ? "dim" : "good" }, h("div", { class: "rule-head" }, h("b", {}, "everyone else"), " ", h("span", { class: `chip ${decision.rule ? "" : "good"}` }, decision.rule ? "not reached" : "served")))));
}

function rule(one) {
  const [says, kind] = OUTCOMES[one.outcome] ?? [one.outcome.replaceAll("_", " "), ""];
  return h("li", { class: kind },
    h("div", { class: "rule-head" }, h("b", {}, one.rule), " ", h("span", { class: `chip ${kind}` }, says), h("small", {}, ` ${one.place.file}:${one.place.line}`)),
    one.condition && h("ul", { class: "tree" }, seen(one.condition)),
    one.rollout && rollout(one.rollout));
}

function seen(part) {
  const value = part.result === "value" ? JSON.stringify(part.value) : part.result === "unknown" ? `unknown: ${(part.because ?? []).map(because).join(", ")}` : part.result.replaceAll("_", " ");
  const kind = part.value === true ? "yes" : part.value === false ? "no" : part.result === "unknown" ? "unknown" : "";
  return h("li", { class: kind }, h("code", {}, part.text), h("span", { class: "arrow" }, " → "), h("span", { class: "value" }, value),
    (part.parts ?? []).length > 0 && h("ul", {}, part.parts.map(seen)));
}

const because = (one) => (one.reason === "missing" ? `${one.attribute} is missing` : [one.attribute, one.reason?.replaceAll("_", " ")].filter(Boolean).join(" "));

function rollout({ percent, within, bucket }) {
  if (!bucket) return h("p", { class: "hint" }, `Rollout of ${percent} %`);
  const needle = h("i", {});
  const filled = h("span", {});
  filled.style.width = `${percent}%`;
  needle.style.left = `${bucket.percent}%`;
  return h("div", { class: "rollout" },
    h("div", { class: `ruler ${within ? "good" : "warn"}`, role: "img", "aria-label": `Bucket ${bucket.percent.toFixed(2)} of a rollout of ${percent} percent` }, filled, needle),
    h("p", { class: "hint" }, `${bucket.by} ${JSON.stringify(bucket.value)} stands at ${bucket.percent.toFixed(2)}; the rollout takes those below ${percent}.`));
}

function attributes(all) {
  const odd = all.filter((one) => one.standing !== "taken" || one.remark);
  if (odd.length === 0) return null;
  return h("section", { class: "card" }, h("h2", {}, "Attributes that are not as declared"), h("ul", { class: "plain" }, odd.map((one) => h("li", {}, h("code", {}, one.name), " ", one.standing.replaceAll("_", " "), one.why ? `: ${one.why}` : ""))));
}
