// Replaces credential-like text by `[redacted]`, inside code fences too. Used for everything that is shown or logged.
// Every pattern is linear: runs are consumed whole and judged afterwards by a function, never by backtracking.

export const redacted = '[redacted]';

const hasDigit = /\d/;
const hasLetter = /[A-Za-z]/;

/** Keys that carry their maker's prefix. */
const prefixed = new RegExp(
  `(?<![A-Za-z0-9])(?:${[
    'sk-[A-Za-z0-9_-]{16,}', // OpenAI, Anthropic (sk-ant-), OpenRouter (sk-or-), DeepSeek
    '[srp]k_(?:live|test)_[A-Za-z0-9]{10,}', // Stripe
    'AIza[A-Za-z0-9_-]{20,}|ya29\\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{16,}', // Google
    'gh[opsur]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}', // GitHub, GitLab
    'xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}', // Slack
    '(?:npm|hf|gsk|r8)_[A-Za-z0-9]{20,}|(?:xai|pplx|tvly)-[A-Za-z0-9_-]{20,}', // npm, Hugging Face, Groq, Replicate, xAI ...
    'SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}|dop_v1_[a-f0-9]{32,}', // SendGrid, DigitalOcean
  ].join('|')})`,
  'g',
);

const aws = /(?<![A-Za-z0-9])(?:AKIA|ASIA|AGPA|AROA|AIDA|ANPA)[A-Z0-9]{16}(?![A-Za-z0-9])/g;
/** core.telegram.org/bots: bot id, colon, 35 characters. */
const telegram = /(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,50}(?![A-Za-z0-9_-])/g;
/** The owner's id in base64, a timestamp, a signature. */
const discord = /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{23,30}\.[A-Za-z0-9_-]{5,8}\.[A-Za-z0-9_-]{25,80}(?![A-Za-z0-9_-])/g;
const jwt = /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]+)*/g;
const header =
  /\b(authorization["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?:bearer|basic|token|bot)[ \t]{1,4})([A-Za-z0-9._~+/=-]{6,})/gi;
const bearer = /\b(bearer[ \t]{1,4})([A-Za-z0-9._~+/=-]{12,})/gi;
const urlLogin = /(:\/\/)[^\s/@:<>"'`[\]]{0,128}:[^\s/@<>"'`[\]]{1,256}@/g;
const assignment =
  /((?:pass(?:word|wd|phrase)|pwd|secret|token|credential|(?:api|access|secret|private|auth|account)[_-]?key)(?:["']|\*\*)?[ \t]{0,4}(?:=>|:=|[:=])(?:\*\*)?)([ \t]{0,4})(["'`]?)([^\s"'`,;&<>()[\]{}|]{4,})(["'`(]?)/gi;

/** Values that stand for a value: types, variables, masks, words of a form. */
const ordinaryValue =
  /^(?:string|number|boolean|object|unknown|undefined|null|none|true|false|required|optional|missing|invalid|empty|unset|\$.*|%.*%|\*+|\.{3,}|x{4,}|…+)$/i;
/** `process.env.KEY`, `config.token`: where a secret is, not the secret. */
const memberAccess = /^[A-Za-z_$][\w$]*(?:\??\.[A-Za-z_$][\w$]*)+\??!?$/;

/** What stands next to a credential can only be seen once that one is gone; text glued together more often is no text. */
const maxPasses = 6;

/** Linear in the length of the text; never throws; a second call changes nothing. */
export function redact(text: string): string {
  let clean = text;
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const before = clean;
    clean = redactOnce(before);
    if (clean === before) break;
  }
  return clean;
}

function redactOnce(text: string): string {
  return redactPem(text)
    .replace(prefixed, (found) => (isKey(found) ? redacted : found))
    .replace(aws, redacted)
    .replace(telegram, (found) => (/:[0-9a-f]+$/.test(found) ? found : redacted))
    .replace(discord, (found) =>
      hasDigit.test(found) && /[a-z]/.test(found) && /[A-Z]/.test(found) ? redacted : found,
    )
    .replace(jwt, redacted)
    .replace(header, (found, name: string, value: string) => (/^[a-z]+$/.test(value) ? found : name + redacted))
    .replace(bearer, (found, name: string, value: string) => (hasDigit.test(value) ? name + redacted : found))
    .replace(urlLogin, `$1${redacted}@`)
    .replace(assignment, redactAssignment);
}

/** `sk-fading-circle-animated` is a style, not a secret: a key has a digit or one long part. */
function isKey(found: string): boolean {
  return !found.startsWith('sk-') || hasDigit.test(found) || /[A-Za-z]{20}/.test(found);
}

function redactAssignment(found: string, ...groups: readonly string[]): string {
  const [name = '', gap = '', quote = '', value = '', after = ''] = groups;
  if (value === redacted || ordinaryValue.test(value) || memberAccess.test(value) || after === '(') return found;
  const quoted = quote !== '' && after === quote;
  const tight = name.endsWith('=') && gap === '';
  const looksSecret = value.length >= 6 && hasDigit.test(value) && hasLetter.test(value);
  return quoted || tight || looksSecret ? `${name}${gap}${quote}${redacted}${after}` : found;
}

const pemBegin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const pemEnd = /-----END [A-Z0-9 ]{0,40}-----/y;
const pemBody = /(?:\s*(?:\\[nr]\s*)*[A-Za-z0-9+/=]{24,})+/y;
const pemLine = /^[A-Za-z0-9+/=]{1,100}$/;
const pemHeader = /^(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID): [A-Za-z0-9 ,./:+@-]*$/;
/** Shorter lines are the last ones: the rest of the key, and the checksum of a PGP key. */
const pemLineChars = 24;

/** A private key, whole or broken off. A mere mention of its first line stays, and so does what only stands between such lines. */
function redactPem(text: string): string {
  let kept = '';
  let at = 0;
  for (const begin of text.matchAll(pemBegin)) {
    if (begin.index < at) continue;
    const body = begin.index + begin[0].length;
    const end = pemEndAfter(text, body);
    if (end === undefined) continue;
    kept += text.slice(at, begin.index) + redacted;
    at = end;
  }
  return kept + text.slice(at);
}

function pemEndAfter(text: string, body: number): number | undefined {
  const dashes = text.indexOf('-----', body);
  if (dashes !== -1) {
    pemEnd.lastIndex = dashes;
    if (pemEnd.test(text) && isKeyBody(text.slice(body, dashes))) return pemEnd.lastIndex;
  }
  pemBody.lastIndex = body;
  return pemBody.test(text) ? pemBody.lastIndex : undefined;
}

/** Lines of a key and nothing else: what is put to a person for approval must not be hidden between two lines of one. */
function isKeyBody(body: string): boolean {
  const lines = body.split(/\\[nr]|\s*\n\s*/).map((line) => line.trim());
  const key = lines.filter((line) => line !== '' && !pemHeader.test(line));
  return key.every((line, index) => pemLine.test(line) && (line.length >= pemLineChars || index >= key.length - 2));
}
