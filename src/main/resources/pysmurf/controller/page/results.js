/** One session: what came of it. Its address can be sent to somebody. */
import {address, downloadLink, get, Problem, request} from './api.js';
import {copyButton, el, fill} from './dom.js';
import {abortAsker, asker, badge, count, duration, fileName, paramsInShort, size, timeTag, value} from './format.js';
import {headline} from './headline.js';
import {numbersTable} from './numbers.js';
import {OutputPanel} from './output.js';
import {plotsGrid, plotsOf} from './plots.js';
import {paintStages, stageTroubles} from './stages.js';
import {ENDING, state} from './state.js';

const TABS = ['numbers', 'plots', 'files', 'summary', 'messages', 'output'];

export function resultsView(root, [given, wantedTab]) {
  const heading = el('h1', {text: given === undefined ? 'Results' : `Session ${given}`});
  const place = el('div', {});
  fill(root, heading, place);
  let output = null;
  let id = given === undefined ? null : Number(given);
  let painted = '';
  let closed = false;
  const tab = TABS.includes(wantedTab) ? wantedTab : 'numbers';

  async function load() {
    if (id === null) {
      id = newestWithResults();
      if (id === null) {
        fill(place, el('p', {class: 'faint', text: state.connection === 'live' ? 'No session has results yet.' : 'Waiting for the controller…'}));
        return;
      }
    }
    try {
      const session = await state.session(id);
      const pipeline = await get(`/api/v1/operations/${session.op_name}/pipeline`).catch(() => null);
      if (!closed) {
        paint(session, pipeline);
      }
    } catch (problem) {
      if (!(problem instanceof Problem)) {
        throw problem;
      }
      if (problem.status === 404) {
        fill(place, el('p', {class: 'notice warn', text: `The controller knows of no session ${id}.`}), el('a', {href: '#/history', text: 'History'}));
      }
    }
  }

  function paint(session, pipeline) {
    const key = JSON.stringify([session.status, session.outcome, session.stages, session.files.length, session.abort, session.messages.length]);
    if (key === painted) {
      return;
    }
    painted = key;
    heading.textContent = `${session.op_name} #${session.session_id}`;
    const bar = el('div', {});
    if (tab === 'numbers') {
      paintStages(bar, session);
    }
    const body = el('div', {class: 'tab-body'});
    fill(place, head(session), bar, el('nav', {class: 'tabs', 'aria-label': 'Parts of the session'}, TABS.map(name =>
      el('a', {href: `#/results/${id}/${name}`, 'aria-current': name === tab ? 'page' : null, text: tabTitle(name, session)}))), body);
    if (tab === 'output') {
      output ??= new OutputPanel();
      output.open(session);
      fill(body, output.element);
    } else {
      fill(body, tabBody(tab, session, pipeline));
    }
  }

  load();
  const off = [
    state.on('session', session => session.session_id === id && load()),
    state.on('file', file => file.session_id === id && load()),
    state.on('connection', () => state.connection === 'live' && load()),
  ];
  return () => {
    closed = true;
    off.forEach(stop => stop());
    output?.close();
  };
}

/** The newest session with stages or files; else the newest at all. */
function newestWithResults() {
  const known = [...state.sessions.values()].sort((a, b) => b.session_id - a.session_id);
  return (known.find(one => one.files.length > 0) ?? known.find(one => !ENDING.includes(one.op_name)))?.session_id ?? null;
}

function tabTitle(name, session) {
  const sizes = {plots: plotsOf(session).length, files: session.files.length, messages: session.messages.length};
  return name[0].toUpperCase() + name.slice(1) + (name in sizes ? ` (${count(sizes[name])})` : '');
}

function head(session) {
  const id = session.session_id;
  const problems = stageTroubles(session);
  const abort = session.abort;
  return el('section', {class: 'card'},
    el('p', {class: 'big'}, badge(session.outcome ?? session.status), ` in ${duration((session.end_time ?? Date.now() / 1000) - session.start_time)}`),
    el('dl', {class: 'pairs wide'},
      pair('Started', timeTag(session.start_time, true)),
      pair('Ended', session.end_time === null ? 'not yet' : timeTag(session.end_time, true)),
      pair('Asked by', asker(session.requested_by)),
      pair('Exit code', value(session.exit_code)),
      abort === null ? null : pair('Aborted', el('span', {}, `by ${abortAsker(abort.by)}, signals ${abort.signals.join(', ') || 'none'}, ${abort.survivors} survived`)),
      pair('Parameters', paramsInShort(session.params, state.operation(session.op_name)?.parameters) || 'the defaults')),
    problems.length === 0 ? null : el('ul', {class: 'troubles'}, problems),
    el('div', {class: 'row'},
      el('a', {class: 'button', href: `#/start/${session.op_name}?like=${id}`, text: 'Run again…'}),
      el('a', {class: 'button', href: `#/compare/${id}`, text: 'Compare…'}),
      copyButton('Copy link', () => `${address('/')}#/results/${id}`, ''),
      downloadLink(el('a', {class: 'button', text: 'Raw JSON'}), `/api/v1/sessions/${id}?messages=all`, `session-${id}.json`),
      downloadLink(el('a', {class: 'button', text: 'Log'}), `/api/v1/sessions/${id}/log`, `session-${id}.log`)));
}

function pair(name, ...content) {
  return [el('dt', {text: name}), el('dd', {}, content)];
}

function tabBody(tab, session, pipeline) {
  switch (tab) {
    case 'plots': return plotsGrid(session);
    case 'files': return filesTable(session);
    case 'summary': return summary(session);
    case 'messages': return messages(session);
    default: return numbers(session, pipeline);
  }
}

function numbers(session, pipeline) {
  const plan = session.data?.plan;
  if (plan !== undefined) {
    return el('section', {class: 'card'}, el('h2', {text: 'Plan'}), el('p', {text: `Bands ${(plan.bands ?? []).join(', ')}; about ${
      duration(plan.estimate_s)}. Nothing was started.`}), el('ol', {}, (plan.stages ?? []).map(text => el('li', {text}))));
  }
  const place = el('div', {});
  const paint = fine => fill(place, numbersTable(session, pipeline, fine) ?? el('p', {class: 'faint', text: 'No numbers.'}));
  paint(false);
  const more = numbersTable(session, pipeline, false) === null ? null : el('label', {class: 'check'},
    el('input', {type: 'checkbox', on: {change: event => paint(event.target.checked)}}), ' with quantiles');
  const head = headline(session);
  // what an observer looks at comes first: the few numbers, the pictures, then all the rest
  return el('div', {}, head, head === null || plotsOf(session).length === 0 ? null : plotsGrid(session),
    el('div', {class: 'row tools'}, more,
      more === null ? null : el('span', {class: 'faint', text: 'Gates as they are configured now.'})), place);
}

function filesTable(session) {
  if (session.files.length === 0) {
    return el('p', {class: 'faint', text: 'No files.'});
  }
  return el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Files'}, el('table', {class: 'files'},
    el('thead', {}, el('tr', {}, ['File', 'Type', 'Size', 'SHA-256'].map(text => el('th', {scope: 'col', text})))),
    el('tbody', {}, session.files.map((file, index) => el('tr', {},
      el('td', {}, downloadLink(el('a', {title: file.path, text: fileName(file.path)}),
        `/api/v1/sessions/${session.session_id}/files/${index}`, fileName(file.path))),
      el('td', {text: `${file.type} (${file.format})`}),
      el('td', {class: 'number', text: size(file.size)}),
      el('td', {}, file.sha256 === null ? 'unknown' : el('code', {class: 'sha', title: file.sha256, text: file.sha256})))))));
}

function summary(session) {
  const place = el('div', {});
  const index = session.files.findIndex(file => file.type === 'summary');
  const shown = (title, json) => fill(place, el('h2', {text: title}),
    el('pre', {class: 'json', tabindex: '0', 'aria-label': title}, JSON.stringify(json, null, 2)));
  if (index < 0) {
    shown('Data of the session', session.data);
  } else {
    request(`/api/v1/sessions/${session.session_id}/files/${index}`).then(reply => reply.json())
      .then(json => shown('summary.json', json), () => shown('Data of the session (summary.json cannot be read)', session.data));
  }
  return place;
}

function messages(session) {
  return el('ol', {class: 'messages'}, session.messages.slice(-5000).map(([time, text]) =>
    el('li', {}, timeTag(time), ' ', el('span', {text}))));
}
