// Kills the real program while a phone is linked to it: before the code is used, and from then on until the first answer, which
// includes the upload of the first 812 keys. Started again it must be linked, or offer a code that links it, and talk.
// Called by all.ts.
// 1 how long it takes undisturbed  2 a new account and a new folder for each point  3 killed  4 what comes of it
import { performance } from 'node:perf_hooks';
import type { Phone } from '../twins/whatsapp/phone.ts';
import { type WhatsAppTwin, whatsappTwin } from '../twins/whatsapp/twin.ts';
import { numbers, pass, until } from './moments.ts';
import { agrees, offered } from './phone-link.ts';
import { Program } from './process.ts';

export interface LinkResult {
  readonly by: Way;
  readonly killed: When;
  readonly points: number;
  /** Afterwards it was linked, without the phone being needed again. */
  readonly linked: number;
  /** It offered a new code, and that one linked it. */
  readonly anew: number;
  /** Neither, or it did not talk. */
  readonly stuck: number;
  /** Most connections that one start after a kill made. */
  readonly mostConnections: number;
}

const ways = ['QR code', 'typed code'] as const;
type Way = (typeof ways)[number];
const moments = ['before the phone agrees', 'until the first answer'] as const;
type When = (typeof moments)[number];

/** More connections than that for one link are a loop: the link, its first login, and one that was cut off. */
const mostConnections = 4;
const lastWithinMs = 60_000;

/** @param points kills of each kind */
export async function killLinking(points: number, seed: number): Promise<readonly LinkResult[]> {
  const random = numbers(seed);
  const results: LinkResult[] = [];
  for (const by of ways) {
    // 1
    const spans = await undisturbed(by);
    for (const killed of moments) results.push(await killAll({ by, killed, points, spanMs: spans[killed] }, random));
  }
  return results;
}

interface Kills extends Pick<LinkResult, 'by' | 'killed' | 'points'> {
  /** The kill comes at any moment of it. */
  readonly spanMs: number;
}

async function killAll({ by, killed, points, spanMs }: Kills, random: () => number): Promise<LinkResult> {
  const ends: End[] = [];
  for (let point = 0; point < points; point += 1) {
    const afterMs = random() * spanMs;
    ends.push(await inWorld((world) => killOnce(world, { by, killed, afterMs })));
  }
  const count = (how: End['how']): number => ends.filter((end) => end.how === how).length;
  return {
    ...{ by, killed, points, linked: count('linked'), anew: count('anew'), stuck: count('stuck') },
    mostConnections: Math.max(...ends.map(({ connections }) => connections)),
  };
}

interface World {
  readonly twin: WhatsAppTwin;
  readonly phone: Phone;
  readonly program: Program;
}

/** 2 */
async function inWorld<T>(work: (world: World) => Promise<T>): Promise<T> {
  const twin = await whatsappTwin({ firstKeys: 'many' });
  const program = new Program({ channels: { whatsapp: { enabled: true, wsUrl: twin.url } } });
  try {
    return await work({ twin, phone: twin.phone(), program });
  } finally {
    await program.kill();
    program.remove();
    await twin.close();
  }
}

function undisturbed(by: Way): Promise<Readonly<Record<When, number>>> {
  return inWorld(async ({ twin, phone, program }) => {
    const begun = performance.now();
    program.start();
    const code = await offered(program.home, { number: numberFor(by, phone) });
    const shown = performance.now();
    if (!(await agrees(phone, code)) || !(await talks({ twin, phone, program })))
      throw new Error('kill: it cannot even be linked undisturbed');
    return {
      'before the phone agrees': shown - begun,
      'until the first answer': performance.now() - shown,
    };
  });
}

interface End {
  readonly how: 'linked' | 'anew' | 'stuck';
  readonly connections: number;
}

async function killOnce(world: World, how: Pick<Kills, 'by' | 'killed'> & { afterMs: number }): Promise<End> {
  const { twin, phone, program } = world;
  // 3
  program.start();
  const dead = new AbortController();
  const asking = offered(program.home, { number: numberFor(how.by, phone), signal: dead.signal });
  const agreeing = how.killed === 'before the phone agrees' ? asking : agrees(phone, await asking);
  await pass(how.afterMs);
  await program.kill();
  dead.abort();
  await agreeing;
  // 4
  const before = twin.knocks;
  program.start();
  const code = await offered(program.home);
  const anew = await agrees(phone, code);
  const talking = code !== undefined && (await talks(world));
  const connections = twin.knocks - before;
  const well = talking && connections <= mostConnections;
  return { how: !well ? 'stuck' : anew ? 'anew' : 'linked', connections };
}

const numberFor = (by: Way, phone: Phone): string | undefined => (by === 'QR code' ? undefined : phone.human.pn);

/** The owner says something and is answered; this is what a link is for. */
async function talks({ twin, phone }: World): Promise<boolean> {
  // Before a device is linked, nobody would get it.
  if (!(await until(() => phone.linked.length > 0, lastWithinMs))) return false;
  await phone.says('say linked and well');
  return until(() => twin.shown(phone).some(({ text }) => text.includes('linked and well')), lastWithinMs);
}

export function linkTable(results: readonly LinkResult[]): string {
  const head = '| linked by | killed | points | linked | linked by a new code | stuck | connections at most |';
  const line = (one: LinkResult): string =>
    `| ${one.by} | ${one.killed} | ${one.points} | ${one.linked} | ${one.anew} | ${one.stuck} | ${one.mostConnections} |`;
  return [head, '|---|---|---|---|---|---|---|', ...results.map(line)].join('\n');
}
