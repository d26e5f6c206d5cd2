// Planted bugs in intake and delivery. Used by list.ts.
import { type Mutant, mutant } from './mutant.ts';

const deliverRow = 'src/delivery/deliver-row.ts';

export const intakeMutants: readonly Mutant[] = [
  mutant(
    'a message is acknowledged before it is stored',
    'src/wiring/channel-events.ts',
    '      return from(message, (known) => receiver.accept(known));',
    '      void from(message, (known) => receiver.accept(known));\n      return Promise.resolve();',
  ),
  mutant(
    'a message that is handed in again is another one',
    'src/inbound/inbox.ts',
    'const dedupe = dedupeOf(message);',
    `const dedupe = \`\${dedupeOf(message)}@\${this.#clock.now()}\`;`,
  ),
  mutant(
    'messages left open are not taken up after a start',
    'src/wiring/recovery.ts',
    "    if (row.kind === 'message')\n",
    "    if (row.kind === 'message' && row.ticket < 0)\n",
  ),
  mutant(
    'a message is judged too old again by a later start',
    'src/inbound/hear.ts',
    'decideAge(sentAt, at ?? clock.now(),',
    'decideAge(sentAt, Math.max(at ?? 0, clock.now()),',
  ),
  mutant(
    'messages that are dropped are told nobody',
    'src/inbound/unprocessed.ts',
    '    if (route === undefined || first === undefined) return;\n',
    '    if (route === undefined || dropped.length >= 0) return;\n',
  ),
  mutant(
    'messages that are given up are told nobody',
    'src/wiring/recovery.ts',
    '      for (const { route, text } of places) {',
    '      for (const { route, text } of places.slice(places.length)) {',
  ),
  mutant(
    'some commands are closed without their answer',
    'src/inbound/finish.ts',
    '  if (reply !== undefined) {\n    const { route, sender } = message;',
    '  if (reply !== undefined && ticket % 5 !== 0) {\n    const { route, sender } = message;',
  ),
  mutant(
    'a command that is repeated after a crash starts its run again',
    'src/runs/spawn.ts',
    'const again = registry.bySpawnKey(ask.key);',
    "const again = registry.bySpawnKey('');",
  ),
  mutant(
    'all parts of a message have one key',
    deliverRow,
    `\`\${row.key}\${hop}:\${row.chunk}\``,
    `\`\${row.key}\${hop}:0\``,
  ),
  mutant(
    'a message keeps its key in another place',
    deliverRow,
    "const hop = row.gone.length === 0 ? '' : ",
    "const hop = row.gone.length >= 0 ? '' : ",
  ),
  mutant(
    'a message counts as delivered before it is sent',
    deliverRow,
    '  waiting.claimed = false;\n',
    "  waiting.claimed = false;\n  if (row.chunk === chunks.length - 1) await end(delivery, { ...row, chunk: row.chunk + 1 }, { state: 'delivered' });\n",
  ),
  mutant(
    'an unknown outcome is repeated where it would show twice',
    'src/delivery/decide-next.ts',
    'if (facts.idempotent) return retry(0, { ...facts, maybeSent: true });',
    'return retry(0, { ...facts, maybeSent: true });',
  ),
  mutant(
    'an unknown outcome stays unknown where a repeat would not show',
    'src/delivery/decide-next.ts',
    'if (facts.idempotent) return retry(0, { ...facts, maybeSent: true });',
    'if (facts.idempotent && facts.now < 0) return retry(0, { ...facts, maybeSent: true });',
  ),
  mutant(
    'what was being sent in a crash is repeated where it would show twice',
    deliverRow,
    'if (waiting.leftover && !facts.idempotent) {',
    'if (waiting.leftover && !facts.idempotent && row.attempts < 0) {',
  ),
  mutant(
    'nobody marks what is about to be sent where a repeat would show',
    deliverRow,
    "if (!facts.idempotent && row.state !== 'sending' && !(await store(delivery, row, { state: 'sending' }))) {",
    "if (!facts.idempotent && row.state === 'delivered') {",
  ),
  mutant(
    'a channel is not told that a message may have been sent before',
    deliverRow,
    'waiting.inherited ? { ...chunk, sentSince: row.since } : chunk',
    'chunk',
  ),
  mutant(
    'a part that was sent is sent again after a crash',
    deliverRow,
    '  const row = { ...at.row, chunk: at.row.chunk + 1, messageIds, doubt };',
    '  const row = { ...at.row, chunk: at.row.chunk + 1, messageIds, doubt };\n  if (row.chunk < chunks.length) return row;',
  ),
  mutant(
    'newer messages go first',
    'src/delivery/schedule.ts',
    'return a.priority - b.priority || a.id - b.id;',
    'return a.priority - b.priority || b.id - a.id;',
  ),
  mutant(
    'an unknown outcome counts as delivered',
    'src/delivery/decide-next.ts',
    "return { kind: 'advance', messageIds: [], doubt: `",
    "return { kind: 'advance', messageIds: [], unsaid: `",
  ),
];
