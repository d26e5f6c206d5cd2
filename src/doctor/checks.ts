// All checks over one set of facts. Called by src/wiring/doctor, for chats, a running process, and the command line alone.
import { type DoctorReport, type Finding, worstFirst } from '../core/doctor.ts';
import { agentsSection, allowlists, spawnTool } from './agents.ts';
import type { DoctorFacts, SettingFacts } from './facts.ts';
import { limits, models } from './models.ts';
import { channels, secrets, store } from './outside.ts';
import { acp, config, owner } from './setup.ts';

/** @returns at least one finding per check that could be made, worst first */
export function runChecks(facts: DoctorFacts): DoctorReport['findings'] {
  const { settings, habits } = facts;
  return worstFirst([
    ...(settings === undefined ? [] : aboutSettings(settings, habits)),
    ...config(facts),
    ...owner(facts),
    ...(settings === undefined ? [] : limits(settings)),
    ...channels(facts),
    ...store(facts),
    ...secrets(facts),
  ]);
}

function aboutSettings(settings: SettingFacts, habits: DoctorFacts['habits']): readonly Finding[] {
  return [
    ...spawnTool(settings, habits),
    ...agentsSection(settings),
    ...acp(settings.acp),
    ...allowlists(settings),
    ...models(settings),
  ];
}
