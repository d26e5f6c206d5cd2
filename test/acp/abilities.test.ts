// What a coding agent says of itself and of its sessions, however incomplete.
import { expect, test } from 'vitest';
import { readAbilities } from '../../src/acp/abilities.ts';
import { findMode, findModel, findOption, readControls } from '../../src/acp/controls.ts';
import { readUpdate } from '../../src/acp/updates.ts';

test.each<[unknown, readonly string[]]>([
  [{}, []],
  ['nonsense', []],
  [{ agentCapabilities: { loadSession: true } }, ['load']],
  [{ agentCapabilities: { sessionCapabilities: { resume: {} } } }, ['resume']],
  [{ agentCapabilities: { loadSession: false, sessionCapabilities: { list: {}, resume: null } } }, ['list']],
  [
    { agentCapabilities: { promptCapabilities: { image: true } }, _meta: { steering: { supported: true } } },
    ['steer', 'images'],
  ],
  [{ _meta: { steering: { supported: 'yes' } } }, []],
])('%j', (answer, abilities) => {
  const found = Object.entries(readAbilities(answer)).flatMap(([name, value]) => (value === true ? [name] : []));
  expect(found).toEqual(abilities);
});

const select = (category: string, ids: readonly string[]) => ({
  ...{ id: category, name: category, type: 'select', category, currentValue: ids[0] },
  options: ids.map((value) => ({ value, name: `the ${value}` })),
});

test('modes are found by id, by the end of an address, or by name, wherever the agent lists them', () => {
  const id = 'https://agentclientprotocol.com/protocol/session-modes#agent';
  const listed = readControls({ modes: { currentModeId: id, availableModes: [{ id, name: 'Do it' }] } });
  for (const wanted of [id, 'agent', 'do it'])
    expect(findMode('copilot', listed, wanted)).toMatchObject({
      setting: { method: 'session/set_mode', params: { modeId: id } },
    });
  const option = readControls({ configOptions: [select('mode', ['ask', 'auto'])] });
  expect(findMode('x', option, 'the auto')).toMatchObject({
    setting: { method: 'session/set_config_option', params: { configId: 'mode', value: 'auto' } },
  });
  expect(findMode('x', readControls({}), 'ask')).toMatchObject({ fault: { code: 'ACP_BACKEND_UNSUPPORTED_CONTROL' } });
});

test('the model is the option of that category, also in groups; a yes-or-no option takes words', () => {
  const groups = [{ group: 'g', name: 'G', options: [{ value: 'm1', name: 'One' }] }];
  const fast = { id: 'fast', name: 'Fast', type: 'boolean', currentValue: false };
  const controls = readControls({ configOptions: [{ ...select('model', []), options: groups }, fast, { odd: 1 }] });
  expect(findModel('x', controls, 'one')).toMatchObject({ setting: { value: 'm1' } });
  expect(findOption('x', controls, 'FAST', 'on')).toMatchObject({
    setting: { params: { configId: 'fast', type: 'boolean', value: true } },
  });
  expect(findOption('x', controls, 'fast', 'maybe')).toMatchObject({ fault: { code: 'ACP_INVALID_RUNTIME_OPTION' } });
});

test.each<[unknown, unknown]>([
  [undefined, undefined],
  [{ sessionUpdate: 'tool_call' }, undefined],
  [{ sessionUpdate: 'agent_message_chunk', content: { type: 'image', data: '' } }, undefined],
  [{ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: '' } }, undefined],
  [
    { sessionUpdate: 'usage_update', used: 5 },
    { kind: 'usage', used: 5, size: 0, costUsd: null },
  ],
  [
    { sessionUpdate: 'usage_update', used: 5, size: 9, cost: { amount: 1, currency: 'EUR' } },
    { kind: 'usage', used: 5, size: 9, costUsd: null },
  ],
  [
    { sessionUpdate: 'tool_call_update', toolCallId: 'a', status: 'odd', title: null, locations: null },
    { kind: 'tool', patch: { id: 'a' } },
  ],
])('the update %j is read as far as it makes sense', (update, read) => {
  expect(readUpdate(update)).toEqual(read);
});
