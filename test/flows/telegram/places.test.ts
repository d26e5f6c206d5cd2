// A result goes back to where it was asked for: every kind of place on Telegram at once, asked by a person and by an agent,
// while the people who asked have moved on.
import { afterEach, expect, it } from 'vitest';
import { calls, text } from '../../twins/openai.ts';
import { scripted, spawn } from '../scripted-model.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

it('direct chat, group, General, topic and bound topic each get their own results', async () => {
  world = await openWorld({
    telegram: { groups: { '-1005': {}, '-1006': {} } },
    config: { agents: { defaults: { model: 'twin/one', subagents: { maxSpawnDepth: 2 } } } },
  });
  const { twin, ann, model } = world;
  const bob = twin.person(8, 'Bob');
  const team = twin.group(-1005, { title: 'Team', members: [ann, bob] });
  const rights = { can_manage_topics: true };
  const forum = twin.group(-1006, { title: 'Forum', members: [ann, bob], forum: true, botRights: rights });
  const [plans, bound] = [forum.topic('plans'), forum.topic('bound')];
  const places = [
    { name: 'direct', in: ann, topic: undefined },
    { name: 'group', in: team, topic: undefined },
    { name: 'general', in: forum, topic: undefined },
    { name: 'plans', in: forum, topic: plans },
    { name: 'bound', in: forum, topic: bound },
  ];
  const gate = Promise.withResolvers<void>();
  scripted(model, async ({ last, child, request }) => {
    const name = /(?:work on|report on) (\w+)/.exec(last)?.[1];
    if (child) {
      if (last.includes('stay here')) return text('I stay.');
      await gate.promise;
      return text(`result of ${name}`);
    }
    const told = /result of (agent\w+)/.exec(last)?.[1];
    if (last.includes('[switchyard completion]')) return text(`The agent says: ${told}`);
    if (request.body.messages.at(-1)?.role !== 'tool' && last.includes('please report on'))
      return calls(spawn(`agent${name}`));
    return undefined;
  });
  // One topic is bound to a run of its own before.
  await ann.says('/subagents spawn main stay here', { in: forum, topic: bound });
  await twin.next(forum, /stay here: completed/, bound);
  await ann.says('/focus stay', { in: forum, topic: bound });
  await twin.next(forum, /is active here/, bound);

  for (const place of places) {
    const at = { in: place.in, ...(place.topic === undefined ? {} : { topic: place.topic }) };
    await ann.says(`/subagents spawn main work on person${place.name}`, at);
    if (place.name !== 'bound') await ann.says(`please report on ${place.name}`, { ...at, mention: place.in !== ann });
  }
  for (const place of places) await twin.next(place.in, /^✅ main started/, place.topic);
  // Everybody has gone elsewhere by the time the results are there.
  await ann.says('/whoami', { in: team });
  await bob.says('/whoami', { in: forum, topic: plans });
  gate.resolve();
  for (const place of places) {
    const direct = await twin.next(place.in, new RegExp(`result of person${place.name}\\n`), place.topic);
    expect(direct.thread).toBe(place.topic?.id);
    if (place.name === 'bound') continue;
    const told = await twin.next(place.in, `The agent says: agent${place.name}`, place.topic);
    expect(told.thread).toBe(place.topic?.id);
  }
  // Nothing of it was said anywhere else, or twice.
  const all = [ann, team, forum].flatMap((place) => twin.shown(place));
  for (const { name } of places)
    expect(all.filter((each) => each.includes(`result of person${name}\n`))).toHaveLength(1);
}, 40_000);
