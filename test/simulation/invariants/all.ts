// The invariants by name, and the question whether they hold. Used by run.ts.
import type { Evidence, Invariant, Violation } from '../evidence.ts';
import {
  everyAnswerOnce,
  everyCommandAnswered,
  everyDropTold,
  noLostInbound,
  oneRowPerMessage,
  onlyLateIsTooOld,
} from './inbound.ts';
import { fifoPerSession, laneWidths } from './lanes.ts';
import { noForgottenCall, noStrayTranscript, saidIsRemembered } from './memory.ts';
import { atMostOneCopy, deliveredIsSeen, doubtOnlyWithoutKeys, orderPerPlace } from './outbound.ts';
import {
  cascadeIsComplete,
  noDeadBinding,
  noLostOutcome,
  noOutputAfterStop,
  oneConsumer,
  resumesAreLimited,
  stopClearsWhatWaits,
} from './runs.ts';
import { budgetsConserved, endsAreFinal } from './tables.ts';

/** Beside these, rules that show only while it runs are noted as it runs: session width 1, drain ends, comes to rest,
 * start succeeds, an idle start is silent, no fault of ours. */
export const invariants: Readonly<Record<string, Invariant>> = {
  'lane widths': laneWidths,
  'FIFO per session': fifoPerSession,
  'no lost inbound': noLostInbound,
  'one row per message': oneRowPerMessage,
  'every answer once': everyAnswerOnce,
  'every command answered': everyCommandAnswered,
  'every drop is told': everyDropTold,
  'only what comes too late is too old': onlyLateIsTooOld,
  'at most one visible copy': atMostOneCopy,
  'delivered is seen': deliveredIsSeen,
  'doubt only without keys': doubtOnlyWithoutKeys,
  'order per place': orderPerPlace,
  'no lost outcome': noLostOutcome,
  'exactly one consumer': oneConsumer,
  'cascade completeness': cascadeIsComplete,
  'no output after stop': noOutputAfterStop,
  'a stop clears what waits': stopClearsWhatWaits,
  'no binding to a dead target': noDeadBinding,
  'resumes are limited': resumesAreLimited,
  'no call is forgotten': noForgottenCall,
  'what was said is remembered': saidIsRemembered,
  'no transcript without its session': noStrayTranscript,
  'ends are final': endsAreFinal,
  'budgets conserved': budgetsConserved,
};

export function violations(evidence: Evidence): readonly Violation[] {
  const found = Object.entries(invariants).flatMap(([rule, holds]) =>
    holds(evidence).map((detail): Violation => ({ rule, detail })),
  );
  return [...found, ...evidence.seen.broken];
}
