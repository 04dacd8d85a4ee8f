/** The page of all controllers at the broker: what each does, and one command for those that are selected. */
import {get, post, Problem} from './api.js';
import {announce, el, fill, say} from './dom.js';
import {badge, clocks, timeTag, words} from './format.js';

const LOOK_EVERY_MS = 1000;

let rows = [];
const selected = new Set();
/** Sessions of the operation fleet that this page started, newest first: where each runs, its number, what is known of it. */
const fleets = [];

const place = id => document.getElementById(id);
const below = (id, path) => `/controllers/${id}/api/v1${path}`;
/** Those of this process say how they are; those of other hosts are known from the broker alone. */
const isHere = row => row.health !== null;
const chosen = () => rows.filter(row => selected.has(row.id));

function stateOf(row) {
  if (!row.online) {
    return 'offline';
  }
  return row.busy ? 'running' : 'idle';
}

// --- the list ---

const search = el('input', {type: 'search', id: 'search', class: 'search', on: {input: () => paint()}});
const all = el('input', {type: 'checkbox', 'aria-label': 'Select all that are shown', on: {change: () => {
  shown().forEach(row => all.checked ? selected.add(row.id) : selected.delete(row.id));
  paint();
}}});
const body = el('tbody', {});
const count = el('span', {class: 'faint', role: 'status'});

function shown() {
  const wanted = search.value.trim().toLowerCase();
  return rows.filter(row => [row.id, row.host, row.op_name, stateOf(row)].join(' ').toLowerCase().includes(wanted));
}

fill(place('list'),
  el('div', {class: 'row tools'}, el('label', {for: 'search', text: 'Filter'}), search, count),
  el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Controllers'},
    el('table', {class: 'controllers'},
      el('thead', {}, el('tr', {}, el('td', {}, all),
        ['Controller', 'Slot', 'Host', 'State', 'Stage', 'Since', 'Last outcome', 'Health'].map(text =>
          el('th', {scope: 'col', class: `col-${text.split(' ')[0].toLowerCase()}`, text})))),
      body)));

/** One row's cells, made once: who reads with a keyboard or a screen reader keeps the place. */
const cells = new Map();

function line(row) {
  if (!cells.has(row.id)) {
    const tick = el('input', {type: 'checkbox', 'aria-label': `Select ${row.id}`, on: {change: event => {
      event.target.checked ? selected.add(row.id) : selected.delete(row.id);
      paint();
    }}});
    const columns = ['slot', 'host', 'state', 'stage', 'since', 'last', 'health'].map(name => el('td', {class: `col-${name}`}));
    const link = el('a', {}, el('strong', {text: row.id}));
    cells.set(row.id, {tick, link, columns, painted: '', element: el('tr', {},
      el('td', {}, tick), el('th', {scope: 'row', class: 'col-controller'}, link), columns)});
  }
  const made = cells.get(row.id);
  made.tick.checked = selected.has(row.id);
  const key = JSON.stringify(row);
  if (key !== made.painted) {
    made.painted = key;
    isHere(row) ? made.link.setAttribute('href', `${row.id}/`) : row.url && made.link.setAttribute('href', row.url);
    const [slot, host, state, stage, since, last, health] = made.columns;
    say(slot, row.slot ?? '–');
    say(host, row.host ?? '–');
    fill(state, badge(stateOf(row)), row.busy ? ` ${row.op_name} #${row.session_id}` : '');
    say(stage, row.stage ? `${words(row.stage)}${row.stages > 1 ? `, ${row.stage_number} of ${row.stages}` : ''}` : '–');
    fill(since, timeTag(row.since));
    fill(last, row.last_outcome ? badge(row.last_outcome) : '–');
    fill(health, isHere(row) ? badge(row.health.toLowerCase()) : '–');
  }
  return made.element;
}

function paint() {
  const list = shown().map(line);
  // only what differs is moved, or the focus would be lost
  if (list.length !== body.children.length || list.some((element, i) => element !== body.children[i])) {
    fill(body, list);
  }
  const names = new Set(rows.map(row => row.id));
  [...selected].filter(id => !names.has(id)).forEach(id => selected.delete(id));
  const picked = shown().filter(row => selected.has(row.id)).length;
  all.checked = picked > 0 && picked === list.length;
  all.indeterminate = picked > 0 && picked < list.length;
  const busy = rows.filter(row => row.online && row.busy).length;
  const offline = rows.filter(row => !row.online).length;
  const ill = rows.filter(row => row.health === 'DOWN' || row.health === 'DEGRADED').length;
  say(count, `${list.length} of ${rows.length} shown, ${selected.size} selected`);
  say(place('state'), rows.length === 0 ? 'No controller is there'
    : `${busy} running, ${rows.length - busy - offline} idle${offline > 0 ? `, ${offline} offline` : ''}${ill > 0 ? `, ${ill} not well` : ''}`);
  place('state').className = `state state-${rows.length === 0 ? 'unknown' : offline + ill > 0 ? 'degraded' : busy > 0 ? 'running' : 'idle'}`;
  paintStart();
  paintAbort();
}

// --- one operation for all that are selected ---

const operation = el('select', {id: 'operation'});
const params = el('textarea', {id: 'params', rows: '1', spellcheck: 'false', 'aria-describedby': 'params-help'});
const startButton = el('button', {type: 'submit', class: 'primary', id: 'start-button'});
const startFault = el('p', {class: 'field-fault', role: 'alert'});

fill(place('start'),
  el('div', {class: 'row'},
    el('label', {for: 'operation', text: 'Operation'}), operation,
    el('label', {for: 'params', text: 'Parameters'}), el('span', {class: 'faint', id: 'params-help', text: 'a JSON object; empty for the defaults'})),
  params, startFault, el('div', {class: 'row'}, startButton));

place('start').addEventListener('submit', async event => {
  event.preventDefault();
  say(startFault, '');
  let given;
  try {
    given = params.value.trim() === '' ? {} : JSON.parse(params.value);
  } catch (fault) {
    say(startFault, `Parameters: ${fault.message}`);
    params.focus();
    return;
  }
  const members = chosen().map(row => row.id);
  try {
    await startFleet({op: operation.value, params: given, members});
    announce(`${operation.value} was commanded to ${members.length} controllers.`);
  } catch (problem) {
    if (!(problem instanceof Problem)) {
      throw problem;
    }
    say(startFault, `Not started: ${problem.message}`);
  }
});

/** The controller of this process that goes round with a command. */
const leader = () => rows.find(row => isHere(row) && row.online);

async function startFleet(what) {
  const session = await post(below(leader().id, '/operations/fleet'), what);
  fleets.unshift({leader: leader().id, session});
  paintFleets();
}

function paintStart() {
  say(startButton, selected.size === 0 ? 'Select controllers to start' : `Start on ${selected.size} selected`);
  startButton.disabled = selected.size === 0 || leader() === undefined || operation.value === '';
}

async function loadOperations() {
  const found = await get(below(leader().id, '/operations'));
  const names = found.map(one => one.name).filter(name => !['abort', 'stop', 'fleet'].includes(name));
  if (names.join() !== [...operation.options].map(option => option.value).join()) {
    const before = operation.value;
    fill(operation, names.map(name => el('option', {value: name, text: name, selected: name === (before || 'tune_squids')})));
    paintStart();
  }
}

function paintFleets() {
  fill(place('fleets'), fleets.map(({leader: id, session}) => {
    const stages = session.stages ?? [];
    const over = stages.filter(stage => !['not_run', 'running'].includes(stage.status)).length;
    return el('p', {class: 'card fleet'}, badge(session.outcome ?? session.status),
      ` ${session.params.op} on ${stages.length} controllers, ${over} over `,
      el('a', {href: `${id}/#/results/${session.session_id}`, text: `session ${session.session_id} of ${id}`}));
  }));
}

async function lookAtFleets() {
  for (const fleet of fleets.filter(one => one.session.status !== 'done')) {
    fleet.session = await get(below(fleet.leader, `/sessions/${fleet.session.session_id}?messages=0`));
  }
  paintFleets();
}

// --- abort, in two steps ---

const abortButton = el('button', {type: 'button', id: 'abort-button', class: 'abort-button', on: {click: () => ask()}});
const abortPanel = el('div', {id: 'abort-panel', class: 'abort-panel', role: 'group', 'aria-label': 'Abort', tabindex: '-1', hidden: true});
place('abort').append(abortButton, abortPanel);
/** Whom the question is about, so that what comes up meanwhile is not aborted by a yes. */
let asked = [];

const victims = () => chosen().filter(row => row.online && row.busy);

function paintAbort() {
  const some = victims().length;
  say(abortButton, some === 0 ? 'Abort' : `Abort ${some} selected`);
  abortButton.setAttribute('aria-disabled', String(some === 0));
  abortButton.title = some === 0 ? 'Nothing that is selected is running' : '';
}

function ask() {
  asked = victims();
  if (asked.length === 0) {
    announce('Nothing that is selected is running.');
    return;
  }
  const list = asked.map(row => `${row.id} (${row.op_name} #${row.session_id})`).join(', ');
  fill(abortPanel,
    el('p', {}, el('strong', {text: `Abort ${asked.length === 1 ? 'this one' : `these ${asked.length}`}?`}), ` ${list}`),
    el('div', {class: 'row'},
      el('button', {type: 'button', id: 'abort-confirm', class: 'danger', text: 'Yes, abort', on: {click: () => abortAll()}}),
      el('button', {type: 'button', text: 'No, let them run', on: {click: dismiss}})));
  abortPanel.hidden = false;
  place('abort-confirm').focus();
}

function dismiss() {
  abortPanel.hidden = true;
  abortButton.focus();
}

async function abortAll() {
  const here = asked.filter(isHere);
  const elsewhere = asked.filter(row => !isHere(row)).map(row => row.id);
  const results = await Promise.allSettled([
    ...here.map(row => post(below(row.id, `/sessions/${row.session_id}/abort`))),
    ...elsewhere.length > 0 ? [startFleet({op: 'abort', members: elsewhere})] : [],
  ]);
  const faults = results.filter(one => one.status === 'rejected').map(one => one.reason.message);
  if (faults.length === 0) {
    announce(`Abort sent to ${asked.length} controllers.`);
    dismiss();
  } else {
    fill(abortPanel, el('p', {class: 'bad-text', role: 'alert', text: `Not aborted everywhere: ${faults.join('; ')}`}),
      el('button', {type: 'button', text: 'Close', on: {click: dismiss}}));
  }
}

abortPanel.addEventListener('keydown', event => event.key === 'Escape' && dismiss());

// --- the loop ---

async function look() {
  try {
    rows = await get('/controllers');
    say(place('connection'), '');
    place('connection').className = 'connection';
    paint();
    if (leader() !== undefined) {
      await Promise.all([loadOperations(), lookAtFleets()]);
    }
  } catch (problem) {
    if (!(problem instanceof Problem || problem.name === 'TimeoutError')) {
      throw problem;
    }
    place('connection').className = 'connection bad';
    say(place('connection'), `What is shown may be old: ${problem.message}`);
  } finally {
    say(place('clock'), clocks(new Date()));
    setTimeout(look, LOOK_EVERY_MS);
  }
}

paint();
look();
