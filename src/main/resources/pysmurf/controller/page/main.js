/** Starts the page: its head, the connection, and the view that the address names (#/view/argument/…?name=value). */
import {startAbort} from './abort.js';
import {compareView} from './compare.js';
import {startHeader} from './header.js';
import {healthView} from './health.js';
import {historyView} from './history.js';
import {nowView} from './now.js';
import {resultsView} from './results.js';
import {startView} from './start.js';
import {state} from './state.js';

/** Each fills its root and returns what is to be done when it is left. */
const VIEWS = {now: nowView, start: startView, results: resultsView, compare: compareView, history: historyView, health: healthView};

const content = document.getElementById('content');
let leave = () => {};
let before = '';

function show(focus) {
  const [path, search = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [name, ...args] = path.split('/').filter(part => part !== '').map(decodeURIComponent);
  const view = name in VIEWS ? name : 'now';
  leave();
  leave = VIEWS[view](content, args, Object.fromEntries(new URLSearchParams(search)));
  document.querySelectorAll('.nav a').forEach(link => {
    const here = link.dataset.view === view || (view === 'compare' && link.dataset.view === 'results');
    link.toggleAttribute('aria-current', here);
    if (here) {
      link.setAttribute('aria-current', 'page');
    }
  });
  const subject = `${view}/${args[0]}`;
  const same = subject === before;
  before = subject;
  if (focus && same) {
    // another part of the same: the eyes are where they were
    content.querySelector('.tabs [aria-current]')?.focus({preventScroll: true});
  } else if (focus) {
    scrollTo(0, 0);
    content.focus({preventScroll: true});
  }
}

document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();
  content.focus();
});
addEventListener('hashchange', () => show(true));
startHeader();
startAbort();
state.start();
show(false);
