// An owner and two other people on one channel, and how a line one of them types is answered. Used by the flows of commands.
import type { ChannelId, Route } from '../../src/core/route.ts';
import type { FakeChannelOptions, ReceiveOptions } from '../fakes/channel.ts';
import { call, hang, say } from '../fakes/script.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

/** ann owns it; bo and cy may talk to it in direct chats; everybody may in the group `g`. */
export function openPeople(options: WorldOptions = {}, id: ChannelId = 'telegram'): Promise<World> {
  const on = id === 'whatsapp' ? { enabled: true } : { token: 't' };
  const place = { ...on, allowFrom: ['bo', 'cy'], groups: { g: {} } };
  const config = {
    channels: { [id]: place },
    commands: { ownerAllowFrom: [`${id}:ann`] },
    ...options.config,
  };
  const channel: FakeChannelOptions = { id, ...options.channel };
  return openWorld({ ...options, config, channel });
}

/** Children may have children. */
export const twoDeep = { config: { agents: { defaults: { subagents: { maxSpawnDepth: 2 } } } } };

export const bo = { from: { id: 'bo', name: 'Bo' } };
export const cy = { from: { id: 'cy', name: 'Cy' } };

/** Somebody writes in the group `g`, or in a thread of it. */
export function inGroup(world: World, who: ReceiveOptions = {}, thread?: string): ReceiveOptions {
  const route: Route = {
    channel: world.channel.id,
    account: 'default',
    chat: 'g',
    ...(thread === undefined ? {} : { thread }),
  };
  return { ...who, route, chat: 'group', mentionsBot: true };
}

/** Types a command and gives its answer, whatever else is sent meanwhile. */
export async function typed(world: World, line: string, how?: ReceiveOptions): Promise<string> {
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  await world.say(line, how);
  return (await reply).text;
}

/** Starts a run that works until it is stopped. */
export async function startsWork(world: World, task: string, how?: ReceiveOptions): Promise<void> {
  world.agent.always(new RegExp(task), [{ do: 'hang', deaf: false }]);
  await typed(world, `/subagents spawn main ${task}`, how);
  await world.until(() => world.run(task).state.status === 'running', `${task} to run`);
}

/** A run `boss` with two children at work, started by the agent of the chat. */
export async function startsFamily(world: World): Promise<void> {
  world.agent
    .once(/^go$/, [call('sessions_spawn', { task: 'lead them', label: 'boss' }), say('started')])
    .once(/^lead them$/, [
      call('sessions_spawn', { task: 'dig', label: 'dig' }),
      call('sessions_spawn', { task: 'carry', label: 'carry' }),
      say('waiting'),
    ])
    .always(/^(?:dig|carry)$/, [hang()]);
  await world.say('go');
  await world.until(() => world.runs().filter((run) => run.state.status === 'running').length === 2, 'the children');
  await world.until(() => world.run('boss').state.status === 'waiting', 'boss to wait');
}

export function lines(...all: readonly string[]): string {
  return all.join('\n');
}

/** The family of `startsFamily`, a turn of the chat that does not end, and a message that waits for it. */
export async function startsEverything(world: World): Promise<void> {
  await startsFamily(world);
  world.agent.always(/^again$/, [hang()]);
  await world.say('again');
  await world.until(() => world.agent.active.size === 3, 'the turn');
  await typed(world, '/queue followup');
  await world.say('later');
  await world.until(() => world.engine.layer.turns.waiting(annsChat).length === 1, 'the message');
}

/** The session of the owner's direct chat on the console. */
export const annsChat = 'agent:main:console:direct:ann';

/** Runs that ended, were delivered, and can be talked to. */
export async function ended(world: World, ...tasks: readonly string[]): Promise<void> {
  for (const task of tasks) {
    await typed(world, `/subagents spawn main ${task}`);
    await world.until(() => world.run(task).delivery.state === 'delivered', `${task} to be delivered`);
  }
}
