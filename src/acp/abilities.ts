// What a harness says of itself when it is greeted: name, version, and which optional parts of ACP it has.
// Pure; used by open.ts.
import { z } from 'zod';

/** What the harness says it can do. */
export interface Abilities {
  readonly name: string;
  readonly version: string;
  readonly load: boolean;
  readonly resume: boolean;
  readonly list: boolean;
  readonly close: boolean;
  readonly steer: boolean;
  readonly images: boolean;
  /** Ways to log in it names; may be empty although a login is needed. */
  readonly logins: readonly string[];
}

const anything = z.unknown().optional();
const abilitiesSchema = z.looseObject({
  agentInfo: z
    .looseObject({ name: z.string().catch(''), version: z.string().catch('') })
    .nullish()
    .catch(undefined),
  authMethods: z.array(z.looseObject({ id: z.string() })).catch([]),
  agentCapabilities: z
    .looseObject({
      loadSession: anything,
      promptCapabilities: z.looseObject({ image: anything }).nullish().catch(undefined),
      sessionCapabilities: z
        .looseObject({ resume: anything, list: anything, close: anything })
        .nullish()
        .catch(undefined),
    })
    .nullish()
    .catch(undefined),
  _meta: z
    .looseObject({ steering: z.looseObject({ supported: anything }).nullish().catch(undefined) })
    .nullish()
    .catch(undefined),
});

/** @param answer to `initialize`; whatever is missing in it the harness cannot do */
export function readAbilities(answer: unknown): Abilities {
  const found = abilitiesSchema.safeParse(answer).data;
  const can = found?.agentCapabilities;
  return {
    name: found?.agentInfo?.name ?? '',
    version: found?.agentInfo?.version ?? '',
    load: has(can?.loadSession),
    resume: has(can?.sessionCapabilities?.resume),
    list: has(can?.sessionCapabilities?.list),
    close: has(can?.sessionCapabilities?.close),
    steer: found?._meta?.steering?.supported === true,
    images: has(can?.promptCapabilities?.image),
    logins: found?.authMethods.map(({ id }) => id) ?? [],
  };
}

/** Some abilities are a flag, some an object that may be empty. */
function has(ability: unknown): boolean {
  return ability !== undefined && ability !== null && ability !== false;
}
