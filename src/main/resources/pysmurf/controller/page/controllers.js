/** The page of all controllers at the broker: what each does, and one command for those that are selected. */
import {get, post, Problem} from './api.js';
import {announce, el, fill, say} from './dom.js';
import {badge, clocks, timeTag, words} from './format.js';

const LOOK_EVERY_MS = 1000;

let rows = [];
const selected = new Set();
/** Sessions of the operation fleet, by leader and number: those that run, and those that this page started. */
const fleets = new Map();

const place = id => document.getElementById(id);
const below = (id, path) => `/controllers/${id}/api/v1${path}`;
/** Those of this process say how they are; those of other hosts are known from the broker alone. */
const isHere = row => row.health !== null;
/** Nothing that is out of sight is commanded. */
const chosen = () => shown().filter(row => selected.has(row.id));

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
  say(count, `${list.length} of ${rows.length} shown, ${picked} selected`);
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
const startQuestion = el('div', {id: 'start-question', role: 'group', 'aria-label': 'Start', hidden: true});

fill(place('start'),
  el('div', {class: 'row'},
    el('label', {for: 'operation', text: 'Operation'}), operation,
    el('label', {for: 'params', text: 'Parameters'}), el('span', {class: 'faint', id: 'params-help', text: 'a JSON object; empty for the defaults'})),
  params, startFault, el('div', {class: 'row'}, startButton), startQuestion);
place('start-box').open = innerWidth > 700;

place('start').addEventListener('submit', event => {
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
  const what = {op: operation.value, params: given, members};
  fill(startQuestion,
    el('p', {}, el('strong', {text: `Start ${what.op} ${Object.keys(given).length === 0 ? 'with its defaults' : JSON.stringify(given)} on ${members.join(', ')}?`})),
    el('div', {class: 'row'},
      el('button', {type: 'button', id: 'start-confirm', class: 'primary', text: 'Yes, start', on: {click: () => start(what)}}),
      el('button', {type: 'button', text: 'No', on: {click: forgetStart}})));
  startQuestion.hidden = false;
  place('start-confirm').focus();
});

function forgetStart() {
  startQuestion.hidden = true;
  startButton.focus();
}

async function start(what) {
  try {
    await startFleet(what);
    announce(`${what.op} was commanded to ${what.members.length} controllers.`);
  } catch (problem) {
    if (!(problem instanceof Problem)) {
      throw problem;
    }
    say(startFault, `Not started: ${problem.message}`);
  }
  forgetStart();
}

/** The controller of this process that goes round with a command. */
const leader = () => rows.find(row => isHere(row) && row.online);

async function startFleet(what) {
  const id = leader().id;
  const session = await post(below(id, '/operations/fleet'), what);
  fleets.set(`${id} ${session.session_id}`, {leader: id, session});
  paintFleets();
}

function paintStart() {
  const picked = chosen().length;
  say(startButton, picked === 0 ? 'Select controllers to start' : `Start on ${picked} selected`);
  startButton.disabled = picked === 0 || leader() === undefined || operation.value === '';
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

const isOver = stage => !['not_run', 'running'].includes(stage.status);
let paintedFleets = '';
const nameOf = ({leader: id, session}) => `fleet ${session.session_id} of ${id}`;

function paintFleets() {
  const list = [...fleets.values()].sort((one, other) => other.session.start_time - one.session.start_time);
  fill(place('fleets'), list.map(fleet => {
    const {leader: id, session} = fleet;
    const stages = session.stages ?? [];
    return el('p', {class: 'card fleet row'}, badge(session.outcome ?? session.status),
      el('span', {class: 'grow'}, `${session.params.op}: ${stages.filter(isOver).length} of ${stages.length} have ended, `,
        el('a', {href: `${id}/#/results/${session.session_id}`, text: nameOf(fleet)})),
      session.status === 'done' ? null
        : el('button', {type: 'button', class: 'small danger', text: 'Abort the fleet', on: {click: () => askAbout([fleet], [])}}));
  }));
}

async function lookAtFleets() {
  for (const row of rows.filter(isHere)) {
    for (const {session_id: id} of (row.beside ?? []).filter(one => one.op_name === 'fleet')) {
      const key = `${row.id} ${id}`;
      fleets.set(key, fleets.get(key) ?? {leader: row.id, session: {session_id: id, status: 'starting', params: {}, start_time: 0}});
    }
  }
  for (const fleet of [...fleets.values()].filter(one => one.session.status !== 'done')) {
    fleet.session = await get(below(fleet.leader, `/sessions/${fleet.session.session_id}?messages=0`));
  }
  const painted = JSON.stringify([...fleets.values()]);
  if (painted !== paintedFleets) {
    paintedFleets = painted;
    paintFleets();
  }
}

// --- abort, in two steps ---

const abortButton = el('button', {type: 'button', id: 'abort-button', class: 'abort-button', on: {click: () => ask()}});
const abortPanel = el('div', {id: 'abort-panel', class: 'abort-panel', role: 'group', 'aria-label': 'Abort', tabindex: '-1', hidden: true});
place('abort').append(abortButton, abortPanel);
const victims = () => chosen().filter(row => row.online && row.busy);

function paintAbort() {
  const some = victims().length;
  say(abortButton, some === 0 ? 'Select what to abort' : `Abort ${some} selected`);
  abortButton.setAttribute('aria-disabled', String(some === 0));
}

function ask() {
  const asked = victims();
  if (asked.length === 0) {
    announce('Nothing that is selected is running.');
    return;
  }
  const ids = asked.map(row => row.id);
  askAbout([...fleets.values()].filter(({session}) => session.status !== 'done'
    && (session.stages ?? []).some(stage => stage.status === 'running' && ids.includes(stage.name))), asked);
}

/** What comes up meanwhile is not aborted by a yes. To abort only members of a fleet would have it start the next ones. */
function askAbout(ofFleets, asked) {
  const list = asked.map(row => `${row.id} (${row.op_name} #${row.session_id})`).join(', ');
  const rest = ofFleets.reduce((sum, {session}) => sum + (session.stages ?? []).filter(stage => stage.status === 'not_run').length, 0);
  const fleetText = ofFleets.length === 0 ? '' : `${ofFleets.map(nameOf).join(', ')}${rest > 0 ? `, with ${rest} more to start` : ''}`;
  fill(abortPanel,
    asked.length === 0 ? null : el('p', {}, el('strong', {text: `Abort ${asked.length === 1 ? 'this one' : `these ${asked.length}`}?`}), ` ${list}`),
    ofFleets.length === 0 ? null : el('p', {}, el('strong', {text: asked.length === 0 ? 'Abort all that it has started?' : 'They run for'}), ` ${fleetText}`),
    el('div', {class: 'row'},
      ofFleets.length === 0 ? null : el('button', {type: 'button', id: 'abort-fleet', class: 'danger', text: 'Abort the fleet', on: {click: () => abortAll(ofFleets, [])}}),
      asked.length === 0 ? null : el('button', {type: 'button', id: 'abort-confirm', class: 'danger', text: ofFleets.length === 0 ? 'Yes, abort' : 'Only these', on: {click: () => abortAll([], asked)}}),
      el('button', {type: 'button', text: 'No, let them run', on: {click: dismiss}})));
  abortPanel.hidden = false;
  abortPanel.querySelector('button').focus();
}

function dismiss() {
  abortPanel.hidden = true;
  abortButton.focus();
}

async function abortAll(ofFleets, asked) {
  const elsewhere = asked.filter(row => !isHere(row));
  const results = await Promise.allSettled([
    ...ofFleets.map(({leader: id, session}) => post(below(id, `/sessions/${session.session_id}/abort`))),
    ...asked.filter(isHere).map(row => post(below(row.id, `/sessions/${row.session_id}/abort`))),
    ...elsewhere.length > 0 ? [startFleet({op: 'abort', members: elsewhere.map(row => row.id),
      member_params: Object.fromEntries(elsewhere.map(row => [row.id, {session_id: row.session_id}]))})] : [],
  ]);
  const faults = results.filter(one => one.status === 'rejected').map(one => one.reason.message);
  if (faults.length === 0) {
    announce('Abort sent.');
    dismiss();
  } else {
    fill(abortPanel, el('p', {class: 'bad-text', role: 'alert', text: `Not aborted everywhere: ${faults.join('; ')}`}),
      el('button', {type: 'button', text: 'Close', on: {click: dismiss}}));
  }
}

abortPanel.addEventListener('keydown', event => event.key === 'Escape' && dismiss());

// --- the loop ---

/** One that is not well may be so for all: then the broker does not answer, and what others do is not known. */
async function sayWhatIsWrong() {
  const ill = rows.some(row => row.health === 'DOWN' || row.health === 'DEGRADED');
  const health = ill ? await (await fetch(new URL('../observe/health', import.meta.url))).json() : {};
  const detail = health.checks?.controllers?.detail ?? '';
  place('connection').className = detail === '' ? 'connection' : 'connection bad';
  say(place('connection'), detail);
}

async function look() {
  try {
    rows = await get('/controllers');
    paint();
    await sayWhatIsWrong();
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
