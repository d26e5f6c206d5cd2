// Which sentences count as a claim about spawning, and which ordinary ones do not.
import { expect, test } from 'vitest';
import { spawnClaim } from '../../src/runs/claims.ts';

test.each([
  "I've started a sub-agent to look into it.",
  'I’ve started a subagent for this.',
  'I spawned 3 subagents.',
  'I have just launched two parallel research sub-agents; they will report back.',
  "I'm spawning a sub-agent now to compare the offers.",
  'I am now launching three sub-agents for the three files.',
  'We have created a dedicated subagent for the docs.',
  "Okay. I've kicked off a couple of sub-agents to handle that.",
  'I delegated the research to a sub-agent.',
  "I've handed this off to a subagent.",
  'Started 3 sub-agents: #1 words, #2 scripts, #3 wait.',
  '✅ Spawned a sub-agent to count the words.',
  'Spawning 2 sub-agents now.',
  'A sub-agent has been started.',
  'Two sub-agents are now running in the background.',
  'Sure! I started a sub-agent called **research**. I will tell you when it has finished.',
  "**I've started** a sub-agent (`research`).",
  'I have now started a background agent to watch the build.',
])('claims to have started one: %s', (text) => expect(spawnClaim(text)).toBe('claims-started'));

test.each([
  'I am not allowed to spawn sub-agents.',
  "I'm not permitted to start subagents in this chat.",
  "I'm not allowed to spawn.",
  'Sorry, I cannot spawn subagents here.',
  "I can't use sessions_spawn.",
  'I am unable to launch any sub-agents.',
  "I don't have permission to spawn sub-agents.",
  "I don't have access to sessions_spawn, so I will do it myself.",
  'I do not have a tool for spawning sub-agents.',
  'sessions_spawn is not available to me.',
  '`sessions_spawn` is disabled.',
  'Spawning sub-agents is not allowed here.',
  'Unfortunately, sub-agents are not available to me.',
  'I lack the permission to spawn sub-agents.',
])('claims that it may not: %s', (text) => expect(spawnClaim(text)).toBe('claims-forbidden'));

test.each([
  '',
  'Here is the answer: 42.',
  'A sub-agent is a run with its own session.',
  'Sub-agents run in the background and report when they are done.',
  'You can start a sub-agent with /subagents spawn researcher <task>.',
  'Should I start a sub-agent for this?',
  'Have I started a sub-agent already?',
  'Would you like me to spawn three subagents?',
  'I can start a sub-agent if you like.',
  'If I started a subagent for this, it would cost more.',
  'When I have started a sub-agent I will tell you.',
  'I will start a sub-agent tomorrow.',
  "I'm going to spawn a sub-agent once you confirm.",
  'Yesterday I spawned 3 subagents for the release.',
  'I started a sub-agent earlier, as you asked.',
  'Two weeks ago we launched several sub-agents for the audit.',
  'I have not started a sub-agent.',
  "I haven't spawned any subagents.",
  'No sub-agent has been started.',
  'The sub-agent I started found three bugs.',
  'I started two sub-agents. Both are back: the build is green.',
  'I spawned 3 subagents and here is what they found.',
  'I started the server and read the docs on sub-agents.',
  'I started reading about sub-agents.',
  'I created a sub-agent settings page.',
  'I created a document about sub-agents.',
  'I started to write a sub-agent.',
  'Spawning a sub-agent costs tokens.',
  'Spawned sub-agents inherit the timeout.',
  'After a sub-agent has been started it cannot be renamed.',
  'The log says "I started a sub-agent", which is wrong.',
  '> I spawned 3 subagents',
  '```\nI spawned 3 subagents.\n```',
  'In the file: `I spawned 3 subagents.`',
  'You asked whether I started a sub-agent.',
  'The team started a subsidiary and hired agents.',
  'Leaf agents are not allowed to spawn.',
  'You are not allowed to spawn sub-agents in that group.',
  'Why am I not allowed to spawn sub-agents?',
  'If I am not allowed to spawn sub-agents, say so.',
  'I cannot start the server: port 3000 is taken.',
  'I cannot spawn a new process in this folder.',
  "I can't start a sub-agent until you approve the budget.",
  'Salmon spawn in rivers; I cannot say when.',
  'sessions_spawn takes a task and a label.',
  'sessions_spawn is not available to leaf agents.',
  'The tool sessions_spawn is disabled for children by default.',
  'He told me that I am not allowed to spawn sub-agents.',
  'For example, "I am not allowed to spawn" is what a leaf would say.',
  'We launched the product; the agents of the company are happy.',
  'I have delegated nothing to anyone.',
  'Our sub-agents are running fine in general.',
  'Ein Sub-Agent wurde nicht gestartet.',
])('is no claim: %s', (text) => expect(spawnClaim(text)).toBeUndefined());

test('a claim is found inside a longer reply', () => {
  const reply = 'Thanks for the files.\n\n- I read both.\n- I have started a sub-agent to compare them.\n\nMore soon.';
  expect(spawnClaim(reply)).toBe('claims-started');
});

test('a megabyte made to be slow takes a moment', () => {
  const units = ['I have ', 'i started a a a a ', '"', '`', '```\n', 'not ', ' ', 'sub-agent ', 'a.', '*'];
  for (const unit of units) spawnClaim(unit.repeat(Math.ceil(1e6 / unit.length)));
});
