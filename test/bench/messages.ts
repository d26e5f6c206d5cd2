// What the engine adds to a message: from handing it in until the adapter gets the answer, with a model that needs no time.
// Run: node test/bench/messages.ts
import { answering, type Bench, countCommits, openBench } from './engine.ts';
import { type Figure, main, median, percentile, timed } from './report.ts';

const sequential = 500;
const chats = 64;
const eachChat = 40;

export async function benchMessages(): Promise<readonly Figure[]> {
  const stages = new Stages();
  const bench = await openBench({ runtime: answering(undefined, () => stages.mark('turn')) });
  await warmUp(bench);
  const commits = countCommits(bench.engine);
  const figures = [...(await oneByOne(bench, stages))];
  await bench.quiet();
  figures.push(
    {
      name: 'commits of a message (fsync each)',
      value: commits.commits() / sequential,
      unit: '',
      ideal: 4,
      note: 'taken in, spent, answered, sent',
    },
    { name: 'transactions of a message', value: commits.transactions() / sequential, unit: '' },
  );
  figures.push(...(await manyChats(bench)), ...(await longChat(bench)));
  await bench.close();
  return figures;
}

async function warmUp(bench: Bench): Promise<void> {
  for (let index = 0; index < 200; index += 1) await bench.ask(`warm${index % 20}`, 'hello');
  await bench.quiet();
}

async function oneByOne(bench: Bench, stages: Stages): Promise<readonly Figure[]> {
  const total: number[] = [];
  for (let index = 0; index < sequential; index += 1) {
    const chat = `one${index % 50}`;
    stages.begin();
    const reply = bench.next(chat);
    await bench.say(chat, 'hello');
    stages.mark('stored');
    stages.markAt('sent', (await reply).at);
    total.push(stages.end());
    // The receipt is recorded after the answer: the next message must not share its commit.
    await bench.engine.delivery.outbox.idle();
  }
  const stage = (name: string, of: string): Figure => ({
    name: `  of that, ${of}`,
    value: median(stages.of(name)),
    unit: 'ms',
  });
  return [
    { name: 'overhead of a message, one after another', value: median(total), unit: 'ms', aim: { atMost: 5 } },
    { name: '  the slowest 5 %', value: percentile(total, 0.95), unit: 'ms' },
    stage('stored', 'until it is stored'),
    stage('turn', 'until its turn begins'),
    stage('sent', 'until the answer is with the channel'),
  ];
}

async function manyChats(bench: Bench): Promise<readonly Figure[]> {
  const commits = countCommits(bench.engine);
  const took = await timed(async () => {
    await Promise.all(
      Array.from({ length: chats }, async (_, chat) => {
        for (let index = 0; index < eachChat; index += 1) await bench.ask(`many${chat}`, 'hello');
      }),
    );
  });
  const messages = chats * eachChat;
  return [
    {
      name: `messages per second, ${chats} chats at once`,
      value: messages / (took / 1000),
      unit: '/s',
      aim: { atLeast: 300 },
    },
    { name: '  commits of a message then', value: commits.commits() / messages, unit: '' },
  ];
}

/** The price of a message must not grow with what was said before: a long chat and young ones take turns. */
async function longChat(bench: Bench): Promise<readonly Figure[]> {
  const words = 'lorem ipsum dolor sit amet '.repeat(20);
  const ask = async (chat: string): Promise<number> => {
    const start = performance.now();
    const { at } = await bench.ask(chat, words);
    await bench.engine.delivery.outbox.idle();
    return at - start;
  };
  for (let index = 0; index < 1500; index += 1) await ask('long');
  const young: number[] = [];
  const long: number[] = [];
  for (let index = 0; index < 200; index += 1) {
    young.push(await ask(`young${index % 20}`));
    long.push(await ask('long'));
  }
  return [
    {
      name: 'overhead of a message after 1,500 turns in its chat',
      value: median(long),
      unit: 'ms',
      ideal: median(young),
      aim: { atMost: 5 },
      note: 'ideal: of a young chat at the same time',
    },
  ];
}

/** Times between the marks of one message. */
class Stages {
  readonly #samples = new Map<string, number[]>();
  #start = 0;
  #last = 0;

  begin(): void {
    this.#start = performance.now();
    this.#last = this.#start;
  }

  mark(name: string): void {
    this.markAt(name, performance.now());
  }

  markAt(name: string, at: number): void {
    const list = this.#samples.get(name) ?? [];
    this.#samples.set(name, list);
    list.push(Math.max(0, at - this.#last));
    this.#last = at;
  }

  /** Milliseconds from `begin` to the last mark. */
  end(): number {
    return this.#last - this.#start;
  }

  of(name: string): readonly number[] {
    return this.#samples.get(name) ?? [];
  }
}

if (import.meta.main) await main('A message', benchMessages);
