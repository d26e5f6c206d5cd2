// What chats and the command line may ask of the doctor while the engine runs. Implements DoctorServices of src/core/doctor.ts.

import type { AgentDefinition } from '../../agents/registry.ts';
import { type DoctorReport, type DoctorServices, remaining } from '../../core/doctor.ts';
import { ok, type Result, refuse } from '../../core/result.ts';
import type { StatusView } from '../../core/services.ts';
import { runChecks } from '../../doctor/checks.ts';
import { type Mender, repairAll } from '../../doctor/repair.ts';
import { prelaunch, topology } from '../../doctor/topology.ts';
import { reconcile, upkeepOf } from '../maintenance.ts';
import type { ServicesParts } from '../services.ts';
import { engineFacts, engineSettings, lookAtHarnesses } from './engine.ts';
import { liveSpawn, spawnTest } from './spawn-test.ts';

/** @param view the status as it is now */
export function doctorServices(parts: ServicesParts, view: () => Promise<StatusView>): DoctorServices {
  const { engine } = parts;
  const { log } = engine.parts;
  const mend: Mender['leftovers'] = async (left) => {
    const done = await reconcile(upkeepOf(engine), left);
    return ok(new Set(done.map(({ id }) => id)));
  };
  return {
    async check(fix) {
      const harnesses = await lookAtHarnesses(parts);
      const look = async (): Promise<DoctorReport['findings']> =>
        runChecks(await engineFacts(parts, { view: await view(), harnesses }));
      const found = await look();
      const repaired = fix ? await repairAll(found, { leftovers: mend }) : [];
      const findings = repaired.length === 0 ? found : await look();
      for (const { id, status, fact } of remaining({ findings })) log.warn({ code: 'doctor', check: id, status }, fact);
      return { findings, repaired, running: true };
    },
    async prelaunch(agentId) {
      const agent = find(parts, agentId);
      if (!agent.ok) return agent;
      // The config and the list need no coding agent to be started; the live spawn starts one if it has to.
      const facts = await engineFacts(parts, { view: await view(), harnesses: undefined });
      const settings = await engineSettings(parts, undefined);
      const fact = settings.agents.find(({ id }) => id === agent.value.id);
      if (fact === undefined) return unknownAgent(parts, agent.value.id);
      const { passed, fact: came } = await liveSpawn(engine, agent.value);
      return ok(prelaunch(fact, { ...facts, settings }, { passed, fact: came }));
    },
    topology: async () => topology(await engineSettings(parts, undefined)),
    async spawnTest(agentId) {
      const agent = find(parts, agentId);
      return agent.ok ? ok(await spawnTest(engine, agent.value)) : agent;
    },
  };
}

function find(parts: ServicesParts, id: string | undefined): Result<AgentDefinition> {
  const agents = parts.agents();
  const agent = id === undefined ? agents.default() : agents.get(id);
  return agent === undefined ? unknownAgent(parts, id ?? '') : ok(agent);
}

function unknownAgent({ agents }: ServicesParts, id: string): Result<never> {
  const known = agents()
    .list()
    .map((agent) => agent.id)
    .join(', ');
  return refuse('agent_unknown', `There is no agent ${id}.`, `Known: ${known}.`);
}
