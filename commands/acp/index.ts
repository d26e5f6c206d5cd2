// /acp: external coding agents, driven from a chat. One file per group of verbs.
import type { Command } from '../../src/core/command.ts';
import { cancel, close } from './end.ts';
import { help } from './help.ts';
import { doctor, install } from './machine.ts';
import { cwd, model, permissions, resetOptions, set, setMode, timeout } from './settings.ts';
import { resume, spawn } from './spawn.ts';
import { sessions, status } from './status.ts';
import { steer } from './steer.ts';

export const acp: Command = {
  name: 'acp',
  summary: 'Start and steer coding agents: Claude Code, Codex, Gemini CLI and others.',
  access: 'anyone',
  verbs: [
    ...[spawn, steer, status, sessions, cancel, close, resume],
    ...[setMode, set, model, cwd, permissions, timeout, resetOptions],
    ...[install, doctor, help(() => acp)],
  ],
};
