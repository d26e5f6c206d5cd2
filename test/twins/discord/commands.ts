// The application commands the bot has registered, globally and per guild
// (https://discord.com/developers/docs/interactions/application-commands). Called by routes.ts; people.ts looks up what can
// be typed.
import { checkCommand, checkSet } from './command-rules.ts';
import { guildOf } from './permissions.ts';
import { refuse } from './refusal.ts';
import { type Answer, created, empty, ok, type Request, text } from './request.ts';
import type { Wire, World } from './world.ts';

const dayMs = 86_400_000;
const mostADay = 200;

export type Where = 'global' | 'guild';

export class ApplicationCommands {
  readonly #world: World;
  /** By guild id, or `global`. */
  readonly #sets = new Map<string, readonly Wire[]>();
  readonly #creations = new Map<string, number[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** What is registered in a guild, or globally. */
  in(scope: string): readonly Wire[] {
    return this.#sets.get(scope) ?? [];
  }

  list(request: Request, where: Where): Answer {
    return ok(this.in(this.#scope(request, where)));
  }

  get(request: Request, where: Where): Answer {
    return ok(this.#known(request, where).known);
  }

  /** The bulk call: what is not in it is gone, what is keeps its id by its name. */
  replace(request: Request, where: Where): Answer {
    const scope = this.#scope(request, where);
    const wanted = Array.isArray(request.body) ? (request.body as readonly Wire[]) : [];
    checkSet(wanted);
    const before = this.in(scope);
    const known = (command: Wire): Wire | undefined => before.find(({ name }) => name === command.name);
    this.#count(scope, wanted.filter((command) => known(command) === undefined).length);
    const now = wanted.map((command) => this.#registered(scope, command, known(command)));
    this.#sets.set(scope, now);
    return ok(now);
  }

  create(request: Request, where: Where): Answer {
    const scope = this.#scope(request, where);
    const { body } = request;
    const known = this.in(scope).find(({ name }) => name === body.name);
    checkCommand(body, '');
    checkSet([...this.in(scope).filter((one) => one !== known), body]);
    if (known === undefined) this.#count(scope, 1);
    const command = this.#registered(scope, body, known);
    this.#sets.set(scope, [...this.in(scope).filter((one) => one !== known), command]);
    return known === undefined ? created(command) : ok(command);
  }

  change(request: Request, where: Where): Answer {
    const { scope, known } = this.#known(request, where);
    const { id, ...rest } = known;
    const changed = { ...rest, ...request.body };
    checkCommand(changed, '');
    const command = this.#registered(scope, changed, { id });
    this.#sets.set(
      scope,
      this.in(scope).map((one) => (one === known ? command : one)),
    );
    return ok(command);
  }

  delete(request: Request, where: Where): Answer {
    const { scope, known } = this.#known(request, where);
    this.#sets.set(
      scope,
      this.in(scope).filter((one) => one !== known),
    );
    return empty;
  }

  #scope({ ids: [application = '', guild = ''] }: Request, where: Where): string {
    if (application !== this.#world.bot.id) throw refuse(50001);
    return where === 'global' ? where : guildOf(this.#world, guild).id;
  }

  #known(request: Request, where: Where): { readonly scope: string; readonly known: Wire } {
    const scope = this.#scope(request, where);
    const known = this.in(scope).find(({ id }) => id === request.ids.at(-1));
    if (known === undefined) throw refuse(10063);
    return { scope, known };
  }

  #registered(scope: string, command: Wire, known: Wire | undefined): Wire {
    const { ids, bot } = this.#world;
    return {
      ...{ type: 1, description: '', nsfw: false, default_member_permissions: null, integration_types: [0] },
      ...{ contexts: null, name_localizations: null, description_localizations: null },
      ...command,
      ...{ id: text(known ?? {}, 'id') ?? ids.next(), application_id: bot.id, version: ids.next() },
      ...(scope === 'global' ? {} : { guild_id: scope }),
    };
  }

  #count(scope: string, more: number): void {
    const now = this.#world.clock.now();
    const times = (this.#creations.get(scope) ?? []).filter((at) => at > now - dayMs);
    if (times.length + more > mostADay) throw refuse(30034);
    this.#creations.set(scope, [...times, ...Array.from({ length: more }, () => now)]);
  }
}
