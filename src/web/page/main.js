// @ts-check
// The status page: one stream of what changed, given to the sections. Connects again by itself. Loaded by index.html.
import { showDeliveries } from './deliveries.js';
import { el, find } from './dom.js';
import { showLinks } from './links.js';
import { addLog, clearLog } from './log.js';
import { newsOf } from './news.js';
import { showPeople } from './people.js';
import { showQuestions } from './questions.js';
import { say } from './say.js';
import { showBindings, showChannels, showHealth, showLanes, showProcess } from './side.js';
import { setClock, tick } from './time.js';
import { showWork } from './work.js';

/** Between two attempts where the browser itself makes none, in milliseconds. */
const againMs = 5_000;

/** @type {import('../view.ts').ProcessView | undefined} */
let process;
/** @type {EventSource | undefined} */
let stream;

function connect() {
  const opened = new EventSource('/api/live');
  stream = opened;
  let lost = false;
  opened.addEventListener('open', () => {
    if (lost) say('Connected again.');
    lost = false;
    // The whole tail follows.
    clearLog();
    if (process !== undefined) showProcess(process);
  });
  opened.addEventListener('state', ({ data }) => show(JSON.parse(data)));
  opened.addEventListener('log', ({ data }) => addLog(JSON.parse(data)));
  opened.addEventListener('error', async () => {
    if (!lost) say('The connection is lost. Connecting again …', { stays: true });
    lost = true;
    showHealth('idle', 'Not connected');
    // A browser tries again where nobody answered, and gives up where it was refused.
    if (opened.readyState !== EventSource.CLOSED) return;
    if (await signedOut()) leave();
    else setTimeout(connect, againMs);
  });
}

async function signedOut() {
  try {
    return (await fetch('/page/main.js', { method: 'HEAD' })).status === 401;
  } catch {
    return false;
  }
}

/** @param {{ readonly at: number, readonly sections: Partial<import('../view.ts').Sections> }} news */
function show({ at, sections }) {
  setClock(at);
  const { lanes, channels, links, people, questions, work, deliveries, bindings } = sections;
  if (sections.process !== undefined) {
    process = sections.process;
    showProcess(process);
  }
  if (lanes !== undefined) showLanes(lanes);
  if (channels !== undefined) showChannels(channels);
  if (links !== undefined) showLinks(links);
  if (people !== undefined) showPeople(people);
  if (questions !== undefined) showQuestions(questions);
  if (work !== undefined) showWork(work);
  if (deliveries !== undefined) showDeliveries(deliveries);
  if (bindings !== undefined) showBindings(bindings);
  const news = newsOf(sections);
  if (news !== undefined) say(news);
  if (questions !== undefined)
    document.title = questions.length > 0 ? `(${questions.length}) Switchyard` : 'Switchyard';
}

/** Nothing of what was shown is left to whoever comes next. */
function leave() {
  stream?.close();
  document.title = 'Switchyard';
  document.body.replaceChildren(
    el('p', { class: 'away', role: 'status', text: 'You are signed out. For a new link, run: npx switchyard web' }),
  );
}

find('#sign-out').addEventListener('click', async () => {
  const answer = await fetch('/api/sign-out', { method: 'POST' }).catch(() => undefined);
  if (answer === undefined) say('Switchyard did not answer: you are still signed in.');
  else leave();
});
setInterval(tick, 1_000);
connect();
