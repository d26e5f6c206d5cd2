// The refusals of binding and unbinding, as sentences. Used by bindings.ts.
import type { Binding } from '../core/binding.ts';
import { notBound } from '../core/errors.ts';
import { refuse } from '../core/result.ts';
import type { ChannelId } from '../core/route.ts';

export const bindingRefusal = {
  off: (channel: ChannelId) =>
    refuse(
      'bindings_off',
      `Conversations on ${channel} cannot be bound: bindings are switched off.`,
      'Set session.threadBindings.enabled to true (or the override of this channel).',
    ),
  boundByAnother: (binding: Binding) =>
    refuse(
      'bound_by_another',
      `${binding.label} was bound by ${binding.boundBy}; only they or the owner may change that.`,
      'Ask them for /unfocus, or use another conversation.',
    ),
  notBound: () => ({ ok: false, refusal: notBound() }) as const,
  notBinder: (binding: Binding) =>
    refuse('not_binder', `Only ${binding.boundBy} or the owner may change what is bound here.`, ''),
  storeFailed: () =>
    refuse(
      'store_failed',
      'The change could not be stored, so nothing changed.',
      'Check disk space with /doctor, then try again.',
    ),
} as const;
