// Reads from a reply whether the model claims to have started a sub-agent, or claims that it may not.
// Pure; the caller, reply.ts, compares the claim with what happened in that turn (DG-19, DG-20) and
// adds a notice where they differ.

/*
 * Counted as `claims-started`, in a statement about now and by the speaker:
 *   I've started / I spawned / I'm launching / We have just created … (3) sub-agent(s)
 *   I've delegated / handed / assigned … to a sub-agent
 *   Started / Spawned / Launched 3 sub-agents …             at the start of a sentence, with a number or an article
 *   Spawning / Starting / Launching 2 sub-agents now
 *   A sub-agent has been started; two sub-agents are now running / working
 * Counted as `claims-forbidden`:
 *   I am not allowed / permitted / able to, I cannot, I don't have permission to … spawn / start … sub-agents
 *   I don't have (access to) sessions_spawn or a tool for spawning sub-agents
 *   sessions_spawn / spawning is not available (to me) / disabled / not permitted here; sub-agents are not available to me
 * Never counted: code, quotations, questions, conditions, plans ("I will"), the past ("yesterday", "earlier"), and
 * reports about sub-agents that are back.
 */

export type SpawnClaim = 'claims-started' | 'claims-forbidden';

/** Longest reply that is looked at, in UTF-16 units; claims stand near the start or not at all. */
const maxText = 20_000;

const noun = '(?:sub-?agents?|child agents?|background agents?|helper agents?|sub agents?)';
/** A noun that goes on ("sub-agent settings") names something else. */
const nounEnds = `(?= *(?:$|[.,;:!()#"'*\\u2013\\u2014-]|(?:to|for|that|which|who|on|in|now|with|and|working|running|called|named|is|are|will|each|at|as|already|here|under|using|via|so|but)\\b))`;
const determiner =
  '(?:an?|the|your|my|our|another|one|two|three|four|five|six|seven|eight|nine|ten|\\d+|several|some|multiple|both|all|new|more|separate|parallel|(?:a )?(?:couple|pair|few|number|team|set|bunch|handful|fleet|group|series|swarm)(?: of)?)';
/** Up to two words that describe the agents, none of which changes what was started. */
const describing =
  '(?:(?!(?:to|of|on|in|for|with|by|from|about|without|not|no|using|how|why|if|this|that)\\b)[\\w/-]+ ){0,2}';
const agents = `(?:${determiner} ){0,3}${describing}${noun}${nounEnds}`;
const someAgents = `(?:${determiner} ){1,3}${describing}${noun}${nounEnds}`;

const adverb = '(?:just |now |already |also |successfully |then |gone ahead and |here )?';
const speaker = `(?:i|we|i've|we've|i have|we have)`;
const began = '(?:started|spawned|launched|created|dispatched|kicked off|fired up|spun up|fired off|deployed)';
const beginning = '(?:starting|spawning|launching|creating|dispatching|kicking off|spinning up|firing up)';
const handed = '(?:delegated|handed|assigned|given|passed|gave|farmed out|offloaded)';

const started = [
  new RegExp(`\\b${speaker} ${adverb}${began} ${agents}`),
  new RegExp(`\\b(?:i'm|we're|i am|we are) ${adverb}${beginning} ${agents}`),
  new RegExp(`\\b${speaker} ${adverb}${handed} (?:[\\w'/-]+ ){0,6}to ${agents}`),
  new RegExp(`^(?:ok(?:ay)?, |done[:,] |sure[:,] )?${began} ${someAgents}`),
  new RegExp(`^(?:ok(?:ay)?, |sure[:,] )?${beginning} ${someAgents.replace(nounEnds, '')} now\\b`),
  new RegExp(`\\b${determiner} ${describing}${noun} (?:has|have) (?:now |just |already )?been ${began}`),
  new RegExp(
    `\\b${determiner} ${describing}${noun} (?:is|are) now (?:running|working|on it|on the job|at work|active|started)\\b`,
  ),
];

const action = '(?:spawn|start|launch|create|use|run|dispatch|delegate to|spin up)';
const barred =
  "(?:(?:am|'m|are|'re) (?:not|currently not) (?:currently )?(?:allowed|permitted|able|authorized|authorised)(?: to)?|(?:am|'m|are|'re) (?:unable|forbidden)(?: to)?|cannot|can't|can not|may not|(?:don't|do not) have (?:the )?(?:permission|permissions|ability|rights?|authorization|capability)(?: to)?|lack (?:the )?(?:permission|permissions|ability|rights?)(?: to)?)";
const unavailable =
  "(?:is|are)(?: not|n't) (?:currently )?(?:available|allowed|permitted|enabled|accessible|offered)|(?:is|are) (?:currently )?(?:disabled|unavailable|forbidden|blocked)";
const here =
  '(?:to me|for me|here|in this (?:session|chat|conversation|environment|context|turn|setup)|at the moment|right now|currently)';

const forbidden = [
  new RegExp(`\\b(?:i|we) ?${barred} ${action} (?:any |sessions_spawn\\b|${agents})`),
  new RegExp(`\\b(?:i|we) ?${barred} spawn(?= *(?:$|[.,;:!]|anything|anyone|agents?\\b|sessions?\\b))`),
  /\b(?:i|we) (?:don't|do not) (?:currently )?have (?:access to )?(?:an? |the |any )?(?:sessions_spawn|(?:tool|way|means)s? (?:for|of|to) (?:spawn|start|launch|creat)\w* (?:any |a )?(?:sub-?agents?|child agents?))/,
  /\b(?:i|we) (?:don't|do not) (?:currently )?have access to (?:any )?sub-?agents?\b/,
  new RegExp(`\\bsessions_spawn(?: tool)? (?:${unavailable})(?= *(?:$|[.,;:!]|${here}))`),
  new RegExp(`\\b(?:spawning(?: (?:of )?${noun})?|${noun}) (?:${unavailable}) ${here}`),
];

const conditional =
  /\b(?:if|unless|when|whenever|once|after|before|until|while|whether|suppose|imagine|would|could|should|as soon as|in case)\b/;
const past =
  /\b(?:yesterday|earlier|previously|last (?:time|week|month|year|night|turn)|(?:days?|weeks?|hours?|minutes?|months?) ago|in the past|back then|used to|at the time|the other day|before)\b/;
const denied =
  /\b(?:not|never|no|without|neither|nor|didn't|haven't|hasn't|wasn't|weren't|pretend\w*|claim\w*|asked|said|says|told|example)\b/;
const report =
  /\b(?:(?:they|it|all|both|each|one|two|three|sub-?agents?|children|of them) (?:(?:has|have|had) )?(?:already |just |now |both |all )?(?:found|reported|returned|finished|completed|failed|delivered|answered|came back|timed out|done)|(?:is|are) (?:all |both |now )?(?:back|done|finished|complete)|(?:here (?:is|are)|here's) (?:what|the results?|their|its)|found that)\b/;

/** What a reply claims about spawning, or undefined. Linear in the length of the text. */
export function spawnClaim(text: string): SpawnClaim | undefined {
  // Every claim names one of them. The patterns are large: compiling them takes 50 ms and 3 MB, most replies need none.
  if (!/agent|spawn/i.test(text)) return undefined;
  const sentences = sentencesOf(text.slice(0, maxText));
  if (sentences.some(claimsForbidden)) return 'claims-forbidden';
  if (sentences.some(isReport)) return undefined;
  return sentences.some(claimsStarted) ? 'claims-started' : undefined;
}

/** "They are back", but not "I will tell you when they are back". */
function isReport(sentence: string): boolean {
  const match = report.exec(sentence);
  return match !== null && !conditional.test(sentence.slice(0, match.index));
}

function claimsStarted(sentence: string): boolean {
  return started.some((pattern) => {
    const match = pattern.exec(sentence);
    if (match === null || past.test(sentence)) return false;
    const before = sentence.slice(0, match.index);
    return !conditional.test(before) && !denied.test(before);
  });
}

function claimsForbidden(sentence: string): boolean {
  return forbidden.some((pattern) => {
    const match = pattern.exec(sentence);
    if (match === null || /\b(?:until|unless|without)\b/.test(sentence)) return false;
    const before = sentence.slice(0, match.index);
    return !conditional.test(before) && !/\b(?:said|says|told|asked|claim\w*|example|not that)\b/.test(before);
  });
}

/** Statements only, in lower case: no code, no quotations, no questions, no list marks. */
function sentencesOf(text: string): string[] {
  return text
    .replace(/(?:^|\n)[ \t]*```[^\n]*\n[\s\S]*?(?:\n[ \t]*```|$(?![\s\S]))/g, '\n')
    .replace(/`([\w-]{1,40})`/g, '$1')
    .replace(/`[^`\n]*`/g, ' ')
    .replace(/^[ \t]*>.*$/gm, '')
    .replaceAll('’', "'")
    .replace(/["“„«][^"“”„»\n]{0,300}["”»]/g, ' … ')
    .replace(/[*~]{1,3}(?=\w)|(?<=\w)[*~]{1,3}/g, '')
    .toLowerCase()
    .split(/(?<=[.!?;])\s+|\n+/)
    .map((sentence) => sentence.replace(/^[^\p{L}\p{N}]+/u, '').replace(/\s+/g, ' '))
    .filter((sentence) => sentence !== '' && !/\?\W*$/.test(sentence));
}
