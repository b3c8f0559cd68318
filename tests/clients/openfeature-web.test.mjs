// OpenFeature's SDK for browsers, by OFREP, with live updates by server-sent events.
import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { after, it } from 'node:test';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { EventSource } from 'eventsource';

// Browsers have these; Node.js 20 does not.
globalThis.EventSource = EventSource;
const stored = new Map();
globalThis.localStorage = {
  getItem: (key) => stored.get(key) ?? null,
  setItem: (key, value) => stored.set(key, value),
  removeItem: (key) => stored.delete(key),
};

const provider = new OFREPWebProvider({ baseUrl: process.env.BASE_URL, changeDetection: 'sse' });
const flags = OpenFeature.getClient();
const file = `${process.env.RULES}/postgres-migration.yaml`;

after(() => OpenFeature.close());

const edit = async (from, to) => {
  const text = await readFile(file, 'utf8');
  assert.ok(text.includes(from));
  await writeFile(`${file}.part`, text.replace(from, to));
  await rename(`${file}.part`, file);
};

it('a change of the rules reaches the browser by itself', async () => {
  await OpenFeature.setContext({ targetingKey: '900', country: 'FR' });
  await OpenFeature.setProviderAndWait(provider);
  assert.equal(flags.getBooleanValue('read', true), false);
  const details = flags.getBooleanDetails('read', true);
  assert.deepEqual([details.variant, details.reason], ['user-groups', 'DEFAULT']);

  const changed = new Promise((resolve) => flags.addHandler(ProviderEvents.ConfigurationChanged, resolve));
  await edit('default: user-groups', 'default: migrated');
  await changed;
  assert.equal(flags.getBooleanValue('read', false), true);

  const changedBack = new Promise((resolve) => flags.addHandler(ProviderEvents.ConfigurationChanged, resolve));
  await edit('default: migrated', 'default: user-groups');
  await changedBack;
  assert.equal(flags.getBooleanValue('read', true), false);
});

it('a change of the user asks again', async () => {
  await OpenFeature.setContext({ targetingKey: '123', country: 'US' });
  assert.equal(flags.getBooleanValue('read', false), true);
});
