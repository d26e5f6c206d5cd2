// What the buttons of the status page do, as the owner. Called by routes.ts with the checked body of a POST.
import { z } from 'zod';
import type { EngineHandlers } from '../cli/engine-port.ts';
import { ok, type Result } from '../core/result.ts';
import { channelIds } from '../core/route.ts';
import type { Ids } from '../infra/ids.ts';
import type { Engine } from '../wiring/engine.ts';
import { dismissMessage, retryMessage } from '../wiring/messages-again.ts';

export interface ActionParts {
  readonly engine: Engine;
  readonly handlers: Pick<
    EngineHandlers,
    'tasks.retry' | 'tasks.dismiss' | 'tasks.cancel' | 'link.begin' | 'pair.approve' | 'pair.deny'
  >;
  /** `<channel>:<id>` of the owner; undefined: nobody is yet, and whoever holds the token acts for the machine. */
  readonly owner: () => string | undefined;
  readonly ids: Pick<Ids, 'uuid'>;
}

/** One action by name: its parameters, and what it does. The answer is a sentence for whoever pressed. */
interface Action<P> {
  readonly params: z.ZodType<P>;
  readonly act: (parts: ActionParts, params: P) => Promise<Result<string>>;
}

const delivery = z.union([
  /** Of an outgoing message. */
  z.strictObject({ key: z.string().min(1) }),
  /** Of a run whose result no message was made of. */
  z.strictObject({ run: z.string().min(1) }),
]);

const answer: Action<{ id: string; verdict: 'once' | 'session' | 'deny' }> = {
  params: z.strictObject({ id: z.string().min(1), verdict: z.enum(['once', 'session', 'deny']) }),
  async act({ engine, owner, ids }, { id, verdict }) {
    const caller = { id: owner() ?? 'console:local', name: 'the owner, on the status page', class: 'owner' } as const;
    const decided = await engine.approvals.decide({ caller, commandId: `page:${ids.uuid()}` }, id, verdict);
    return said(decided, ({ code }) => `${code} ${verdict === 'deny' ? 'denied' : 'allowed'}.`);
  },
};

const retry: Action<z.infer<typeof delivery>> = {
  params: delivery,
  act: async ({ engine, handlers }, which) => {
    const done =
      'key' in which ? await retryMessage(engine, which.key) : await handlers['tasks.retry']({ id: which.run });
    return said(done, () => 'It is sent again.');
  },
};

const dismiss: Action<z.infer<typeof delivery>> = {
  params: delivery,
  act: async ({ engine, handlers }, which) => {
    const done =
      'key' in which ? await dismissMessage(engine, which.key) : await handlers['tasks.dismiss']({ id: which.run });
    return said(done, () => 'It is given up.');
  },
};

const stop: Action<{ id: string }> = {
  params: z.strictObject({ id: z.string().min(1) }),
  act: async ({ handlers }, params) =>
    said(await handlers['tasks.cancel'](params), ({ stopped }) =>
      stopped.length === 0 ? 'It had ended.' : `${stopped.length} stopped.`,
    ),
};

const link: Action<{ account: string }> = {
  params: z.strictObject({ account: z.string().min(1) }),
  act: async ({ handlers }, params) => said(await handlers['link.begin'](params), () => 'Linking begins.'),
};

const person = z.strictObject({ channel: z.enum(channelIds), code: z.string().min(1) });

const admit: Action<z.infer<typeof person>> = {
  params: person,
  act: async ({ handlers }, params) =>
    said(await handlers['pair.approve'](params), ({ person: { name }, becameOwner }) =>
      becameOwner ? `${name} is the owner now.` : `${name} may write now.`,
    ),
};

const refusePerson: Action<z.infer<typeof person>> = {
  params: person,
  act: async ({ handlers }, params) =>
    said(await handlers['pair.deny'](params), ({ name }) => `${name} was sent away.`),
};

/** Undefined: there is no such action, or these are not its parameters. */
export function actionOf(name: string, body: unknown): ((parts: ActionParts) => Promise<Result<string>>) | undefined {
  switch (name) {
    case 'answer':
      return bound(answer, body);
    case 'retry':
      return bound(retry, body);
    case 'dismiss':
      return bound(dismiss, body);
    case 'stop':
      return bound(stop, body);
    case 'link':
      return bound(link, body);
    case 'admit':
      return bound(admit, body);
    case 'refuse':
      return bound(refusePerson, body);
    default:
      return undefined;
  }
}

function bound<P>({ params, act }: Action<P>, body: unknown): ReturnType<typeof actionOf> {
  const read = params.safeParse(body);
  return read.success ? (parts) => act(parts, read.data) : undefined;
}

function said<T>(done: Result<T>, words: (value: T) => string): Result<string> {
  return done.ok ? ok(words(done.value)) : done;
}
