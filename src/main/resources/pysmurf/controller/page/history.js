/** Past sessions, newest first. */
import {downloadLink, get, Problem} from './api.js';
import {el, fill} from './dom.js';
import {asker, badge, duration, paramsInShort, timeTag, words} from './format.js';
import {state} from './state.js';

const A_PAGE = 20;
const OUTCOMES = ['succeeded', 'failed', 'partial', 'aborted', 'timed_out', 'interrupted'];

export function historyView(root, args, query) {
  const place = el('div', {'aria-live': 'off'});
  const tools = el('div', {class: 'row tools'});
  fill(root, el('h1', {text: 'History'}), tools, place);
  let closed = false;

  function address(changes) {
    const next = Object.entries({...query, ...changes}).filter(([, given]) => given !== undefined && given !== '');
    return `#/history${next.length === 0 ? '' : `?${new URLSearchParams(next)}`}`;
  }

  function choice(label, name, options) {
    return el('label', {}, `${label} `, el('select', {on: {change: event => {
      location.hash = address({[name]: event.target.value, before: undefined});
    }}}, el('option', {value: '', text: 'all'}),
    options.map(option => el('option', {value: option, selected: query[name] === option, text: words(option)}))));
  }

  function paintTools() {
    const names = new Set([...state.operations.map(one => one.name), ...(query.op ? [query.op] : [])]);
    fill(tools, choice('Operation', 'op', [...names]), choice('Outcome', 'outcome', OUTCOMES));
  }

  async function load() {
    const wanted = new URLSearchParams({limit: String(A_PAGE + 1)});
    ['op', 'outcome', 'before'].filter(name => query[name]).forEach(name => wanted.set(name, query[name]));
    try {
      const found = await get(`/api/v1/sessions?${wanted}`);
      if (!closed) {
        paint(found);
      }
    } catch (problem) {
      if (!(problem instanceof Problem)) {
        throw problem;
      }
      if (problem.status !== 0) {
        fill(place, el('p', {class: 'notice warn', text: problem.message}));
      }
    }
  }

  function paint(found) {
    const sessions = found.slice(0, A_PAGE);
    const older = found.length > A_PAGE ? address({before: sessions.at(-1).session_id}) : null;
    fill(place, sessions.length === 0 ? el('p', {class: 'faint', text: 'No session.'}) : table(sessions),
      el('div', {class: 'row'},
        query.before ? el('a', {class: 'button', href: address({before: undefined}), text: '← Newest'}) : null,
        older === null ? null : el('a', {class: 'button', href: older, text: 'Older →'})));
  }

  paintTools();
  load();
  let seen = '';
  const off = [state.on('operations', paintTools), state.on('connection', () => state.connection === 'live' && load()),
    state.on('session', session => {
      const key = `${session.session_id} ${session.status}`;
      if (!query.before && key !== seen) {
        seen = key;
        load();
      }
    })];
  return () => {
    closed = true;
    off.forEach(stop => stop());
  };
}

function table(sessions) {
  return el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Sessions'}, el('table', {class: 'history'},
    el('thead', {}, el('tr', {}, ['Session', 'Outcome', 'Started', 'Took', 'By', 'Parameters', 'Raw'].map(text =>
      el('th', {scope: 'col', class: `col-${text.toLowerCase()}`, text})))),
    el('tbody', {}, sessions.map(session => {
      const id = session.session_id;
      return el('tr', {},
        el('td', {}, el('a', {href: `#/results/${id}`}, el('strong', {text: `#${id}`}), ` ${session.op_name}`)),
        el('td', {}, badge(session.outcome ?? session.status)),
        el('td', {}, timeTag(session.start_time)),
        el('td', {text: duration((session.end_time ?? Date.now() / 1000) - session.start_time)}),
        el('td', {class: 'col-by', text: asker(session.requested_by)}),
        el('td', {class: 'col-parameters faint', text: paramsInShort(session.params, state.operation(session.op_name)?.parameters)}),
        el('td', {class: 'col-raw'},
          downloadLink(el('a', {text: 'JSON', 'aria-label': `JSON of session ${id}`}), `/api/v1/sessions/${id}?messages=all`, `session-${id}.json`), ' ',
          downloadLink(el('a', {text: 'log', 'aria-label': `Log of session ${id}`}), `/api/v1/sessions/${id}/log`, `session-${id}.log`)));
    }))));
}
