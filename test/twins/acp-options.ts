// The answers to a permission question as real coding agents offer them. Used by acp-agent.ts and the tests of permissions.
import type { PermissionOption } from '@agentclientprotocol/sdk';

type Option = PermissionOption;
const option = (kind: Option['kind'], optionId: string): Option => ({ kind, optionId, name: optionId });
/** In the order in which they send them. */
export const permissionOptions = {
  claude: [option('allow_once', 'allow-once'), option('reject_once', 'reject')],
  codex: [
    option('allow_once', 'allow_once'),
    option('allow_always', 'accept_execpolicy_amendment'),
    option('reject_once', 'cancel'),
  ],
  gemini: [
    option('allow_always', 'proceed_always'),
    option('allow_once', 'proceed_once'),
    option('reject_once', 'cancel'),
  ],
  qwen: [
    option('allow_always', 'proceed_always_project'),
    option('allow_always', 'proceed_always_user'),
    option('allow_once', 'proceed_once'),
    option('reject_once', 'cancel'),
  ],
  opencode: [option('allow_once', 'once'), option('allow_always', 'always'), option('reject_once', 'reject')],
  allowOnly: [option('allow_always', 'always')],
} satisfies Record<string, Option[]>;
