// Each engine with a workload's rules, in the form in which it is fastest: `decide` answers all features for a context by its place.

import bucketing from "@devcycle/bucketing-assembly-script";
import { GrowthBookClient } from "@growthbook/growthbook";
import { FlagdCore } from "@openfeature/flagd-core";

import { load } from "../../../js/index.js";

const contender = (engine, decide) => ({ engine, decide, rounds: [], count: 1, next: 0 });

export async function crossfade({ contexts, features }, wasm) {
  const program = await load(wasm);
  const options = { now: 0 };
  const keys = features.map(({ key }) => key);
  const users = contexts.map(attributes);
  if (keys.length === 1) {
    return contender("Crossfade", (nth, answers) => {
      answers[0] = program.decide(keys[0], users[nth], options).value ? 1 : 0;
    });
  }
  return contender("Crossfade", (nth, answers) => {
    const all = program.decideAll(users[nth], options);
    for (let at = 0; at < keys.length; at++) answers[at] = all[keys[at]].value ? 1 : 0;
  });
}

export async function flagd({ contexts, features, lastHash }) {
  const flags = {};
  for (const { key, rules } of features) {
    const any = rules.map(({ tests, percent }) => {
      const all = tests.map(({ attribute, values }) => ({ in: [{ var: attribute }, values] }));
      if (percent !== null) all.push({ "<=": [{ var: "hash" }, lastHash] });
      return all.length === 1 ? all[0] : { and: all };
    });
    const targeting = { if: [any.length === 1 ? any[0] : { or: any }, "on", "off"] };
    flags[key] = { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "off", targeting };
  }
  const core = new FlagdCore();
  core.setConfigurations(JSON.stringify({ flags }));
  const keys = features.map(({ key }) => key);
  const users = contexts.map((context) => ({ targetingKey: context.user_id, hash: context.hash, ...attributes(context) }));
  return contender("@openfeature/flagd-core", (nth, answers) => {
    for (let at = 0; at < keys.length; at++) {
      answers[at] = core.resolveBooleanEvaluation(keys[at], false, users[nth]).value ? 1 : 0;
    }
  });
}

export async function growthbook({ contexts, features, lastHash }) {
  const own = {};
  for (const { key, rules } of features) {
    const forced = rules.map(({ tests, percent }) => {
      const condition = {};
      for (const { attribute, values } of tests) {
        condition[attribute] = values.length === 1 ? values[0] : { $in: values };
      }
      if (percent !== null) condition.hash = { $lte: lastHash };
      return { condition, force: true };
    });
    own[key] = { defaultValue: false, rules: forced };
  }
  const client = new GrowthBookClient().initSync({ payload: { features: own } });
  const keys = features.map(({ key }) => key);
  const users = contexts.map((context) => ({ attributes: { id: context.user_id, hash: context.hash, ...attributes(context) } }));
  return contender("@growthbook/growthbook", (nth, answers) => {
    for (let at = 0; at < keys.length; at++) answers[at] = client.isOn(keys[at], users[nth]) ? 1 : 0;
  });
}

/** DevCycle's WebAssembly, asked as its own SDK asks: by messages in protobuf, made beforehand here. Its hashes are ours. */
export async function devcycle({ name, contexts, features }) {
  const sdkKey = `sdk-${name}`;
  const engine = await bucketing.instantiate();
  const platform = { platform: "NodeJS", platformVersion: "20", sdkType: "server", sdkVersion: "1.0.0", hostname: "localhost" };
  engine.setPlatformData(JSON.stringify(platform));
  engine.setConfigData(sdkKey, JSON.stringify(configuration(features)));
  engine.initEventQueue(sdkKey, "client", JSON.stringify({ disableAutomaticEventLogging: true }));
  const { VariableForUserParams_PB: Message, VariableType_PB, CustomDataType } = bucketing.ProtobufTypes;
  const text = (value) => ({ value, isNull: false });
  const message = (context, key) => {
    const custom = { subscription: { type: CustomDataType.Str, stringValue: context.subscription } };
    const user = { user_id: context.user_id, country: text(context.country), customData: text(custom) };
    return Message.encode(
      Message.create({
        sdkKey,
        variableKey: key,
        variableType: VariableType_PB.Boolean,
        user,
        shouldTrackEvent: false,
      }),
    ).finish();
  };
  // The context's part of the message is the same for all features; encoding it a thousand times a context would only cost memory.
  const one = features.length === 1 ? contexts.map((context) => message(context, features[0].key)) : undefined;
  const on = (bytes) => {
    const answer = engine.variableForUser_PB(bytes);
    return answer !== null && bucketing.ProtobufTypes.SDKVariable_PB.decode(answer).boolValue ? 1 : 0;
  };
  return contender("@devcycle/bucketing-assembly-script", (nth, answers) => {
    for (let at = 0; at < features.length; at++) answers[at] = on(one?.[nth] ?? message(contexts[nth], features[at].key));
  });
}

function configuration(features) {
  const filter = ({ attribute, values }) => {
    const own = { user_id: { subType: "user_id" }, country: { subType: "country" } }[attribute];
    const custom = { subType: "customData", dataKey: attribute, dataKeyType: "String" };
    return { type: "user", comparator: "=", values, ...(own ?? custom) };
  };
  const target = (key) => ({ name, tests, percent }) => ({
    _id: name,
    _audience: { _id: `audience-${key}-${name}`, filters: { operator: "and", filters: tests.map(filter) } },
    distribution: [{ _variation: `on-${key}`, percentage: 1 }],
    ...(percent === null ? {} : { rollout: rollout(percent / 100) }),
  });
  return {
    project: { _id: "project", key: "project", a0_organization: "org", settings: { edgeDB: { enabled: false }, optIn: { enabled: false } } },
    environment: { _id: "environment", key: "environment" },
    audiences: {},
    features: features.map(({ key, rules }) => ({
      _id: `feature-${key}`,
      type: "release",
      key,
      variations: [{ _id: `on-${key}`, name: "On", key: "on", variables: [{ _var: `variable-${key}`, value: true }] }],
      configuration: { _id: `configuration-${key}`, targets: rules.map(target(key)) },
      settings: {},
    })),
    variables: features.map(({ key }) => ({ _id: `variable-${key}`, key, type: "Boolean" })),
    variableHashes: Object.fromEntries(features.map(({ key }, nth) => [key, nth])),
  };
}

const rollout = (percentage) => ({
  type: "stepped",
  startDate: "2020-01-01T00:00:00.000Z",
  startPercentage: 0,
  stages: [{ type: "discrete", date: "2020-01-02T00:00:00.000Z", percentage }],
});

const attributes = ({ user_id, country, subscription }) => ({ user_id, country, subscription });
