// OpenFeature's SDK for servers, by OFREP, on the story's rules.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { ErrorCode, OpenFeature } from '@openfeature/server-sdk';

const flags = OpenFeature.getClient();

before(() => OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: process.env.BASE_URL })));

describe('the story', () => {
  for (const targetingKey of ['123', '456']) {
    it(`user ${targetingKey} reads from new and writes to old alone`, async () => {
      const read = await flags.getBooleanDetails('read', false, { targetingKey, country: 'US' });
      assert.deepEqual([read.value, read.variant, read.reason], [true, 'testing-groups', 'TARGETING_MATCH']);
      assert.deepEqual(read.flagMetadata, { feature: 'postgres-migration', rule: 'Testing Group' });
      assert.equal(await flags.getBooleanValue('write', true, { targetingKey, country: 'US' }), false);
    });
  }

  it('everyone else stays on old', async () => {
    const read = await flags.getBooleanDetails('read', true, { targetingKey: '900', country: 'FR' });
    assert.deepEqual([read.value, read.variant, read.reason], [false, 'user-groups', 'DEFAULT']);
  });

  it('a quarter of Pro users in India and the United States are migrated', async () => {
    const decide = (number) => flags.getBooleanDetails('write', false, { targetingKey: `user-${number}`, country: 'IN', subscription: 'pro' });
    const decisions = await Promise.all(Array.from({ length: 400 }, (_, number) => decide(number)));
    const migrated = decisions.filter(({ value }) => value);
    assert.ok(migrated.length > 70 && migrated.length < 130, `${migrated.length} of 400`);
    assert.ok(migrated.every(({ variant, reason }) => variant === 'migrated' && reason === 'SPLIT'));
  });
});

describe('what has no answer', () => {
  it('is an unknown flag, and the caller gets its default', async () => {
    const details = await flags.getBooleanDetails('nosuch', true, { targetingKey: '1' });
    assert.deepEqual([details.value, details.errorCode], [true, ErrorCode.FLAG_NOT_FOUND]);
  });

  it('is a flag of another type', async () => {
    const details = await flags.getStringDetails('read', 'fallback', { targetingKey: '1' });
    assert.deepEqual([details.value, details.errorCode], ['fallback', ErrorCode.TYPE_MISMATCH]);
  });

  it('is not a request without a user: no rule needs one', async () => {
    const details = await flags.getBooleanDetails('read', true, { country: 'FR' });
    assert.deepEqual([details.value, details.reason], [false, 'DEFAULT']);
  });
});
