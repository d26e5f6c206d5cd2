// The system prompt and the context files it holds.
import { describe, expect, it } from 'vitest';
import { loadContextFiles, type PromptSource, systemPrompt } from '../../src/agents/prompt.ts';

const chat: PromptSource = {
  session: { kind: 'chat', role: 'main', depth: 0 },
  agent: { id: 'main', name: 'Yard' },
  workspace: '/srv/yard',
  tools: ['read', 'sessions_spawn', 'sessions_yield'],
  allowedAgents: ['main', 'researcher'],
  files: [{ name: 'AGENTS.md', text: 'Be kind.' }],
  now: Date.UTC(2026, 10, 21, 15),
};
const child: PromptSource = { ...chat, session: { kind: 'subagent', role: 'leaf', depth: 1 }, tools: ['read'] };

describe('systemPrompt', () => {
  it('tells a chat agent who it is, whom it may start, and never to poll', () => {
    const text = systemPrompt(chat);
    expect(text).toContain('You are Yard (agent id main)');
    expect(text).toContain('Agents you may start: main, researcher.');
    expect(text).toContain('Never poll');
    expect(text).toContain('NO_REPLY');
    expect(text).toContain('## AGENTS.md\nBe kind.');
    expect(text).not.toContain('You are a sub-agent');
  });

  it('tells a child to end with its result, and nothing about spawning that it cannot do', () => {
    const text = systemPrompt(child);
    expect(text).toContain('You are a sub-agent');
    expect(text).toContain('ANNOUNCE_SKIP');
    expect(text).not.toContain('sessions_spawn');
  });

  it('is the same all day, so that providers can cache it', () => {
    expect(systemPrompt({ ...chat, now: chat.now + 3_600_000 })).toBe(systemPrompt(chat));
  });

  it('stays short', () => {
    expect(systemPrompt(chat).length).toBeLessThan(2500);
  });
});

describe('loadContextFiles', () => {
  const all = async (name: string) => (name === 'TOOLS.md' ? undefined : `text of ${name}`);

  it('gives chats all files and children only two, where they exist', async () => {
    expect((await loadContextFiles('chat', all)).map((file) => file.name)).toEqual([
      'AGENTS.md',
      'SOUL.md',
      'IDENTITY.md',
      'USER.md',
    ]);
    expect((await loadContextFiles('subagent', all)).map((file) => file.name)).toEqual(['AGENTS.md']);
  });

  it('bounds each file and says so', async () => {
    const [file] = await loadContextFiles('chat', async (name) =>
      name === 'AGENTS.md' ? 'x'.repeat(50_000) : undefined,
    );
    expect(file?.text.length).toBeLessThan(20_100);
    expect(file?.text).toContain('[cut: the file has 50000 characters]');
  });

  it('bounds all files together', async () => {
    const files = await loadContextFiles('chat', async () => 'x'.repeat(19_000));
    expect(files.reduce((sum, file) => sum + file.text.length, 0)).toBeLessThan(60_200);
  });
});
