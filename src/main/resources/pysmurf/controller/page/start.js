/** Starts an operation: its form, its faults at their fields, and the same as lines for a shell. */
import {address, get, post, Problem} from './api.js';
import {announce, copyButton, el, fill, say} from './dom.js';
import {field} from './fields.js';
import {duration, words} from './format.js';
import {ENDING, state} from './state.js';
import {token} from './token.js';

export function startView(root, [chosen], query) {
  const list = el('ul', {class: 'operations'});
  const place = el('div', {class: 'grow'});
  fill(root, el('h1', {text: 'Start'}), el('div', {class: 'start'}, el('nav', {'aria-label': 'Operations'}, list), place));
  let shown = null;

  function paint() {
    const names = state.operations.filter(one => !ENDING.includes(one.name));
    fill(list, names.map(one => el('li', {}, el('a', {href: `#/start/${one.name}`, 'aria-current': one.name === chosen ? 'page' : null},
      el('strong', {text: one.name}), el('span', {class: 'faint', text: one.description})))));
    const operation = state.operation(chosen);
    if (chosen === undefined) {
      fill(place, el('p', {class: 'faint', text: names.length === 0 ? 'Waiting for the controller…' : 'Choose an operation.'}));
    } else if (operation === undefined) {
      fill(place, state.connection === 'live' ? el('p', {class: 'notice warn', text: `There is no operation ${chosen} at this moment.`}) : null);
      shown = null;
    } else if (JSON.stringify(operation.parameters) !== shown) {
      // only if the schema is another one: what was typed is not to be lost
      shown = JSON.stringify(operation.parameters);
      fill(place, form(operation, query));
    }
  }

  state.reloadOperations().catch(() => {});
  const off = [state.on('operations', paint), state.on('connection', paint)];
  paint();
  return () => off.forEach(stop => stop());
}

function form(operation, query) {
  const schema = operation.parameters ?? {};
  const properties = Object.entries(schema.properties ?? {});
  const required = schema.required ?? [];
  const hasScripts = properties.some(([, one]) => one.format === 'script');
  const scripts = hasScripts ? get('/api/v1/scripts').then(reply => reply.scripts, () => []) : Promise.resolve([]);
  let changed = () => {};
  const fields = properties.map(([name, one]) => field(name, one, required.includes(name), () => changed(), scripts));
  if (schema.additionalProperties !== false) {
    const more = field('other parameters', {description: 'A JSON object.'}, false, () => changed(), scripts);
    more.more = true;
    fields.push(more);
  }
  const important = name => required.includes(name) || ['bands', 'preset', 'dry_run'].includes(name);
  const first = fields.filter(one => important(one.name) || fields.length <= 6);
  const others = fields.filter(one => !first.includes(one));
  const general = el('div', {});
  const hint = el('p', {class: 'faint'});
  const lines = shellLines(operation.name);
  const button = el('button', {type: 'submit', class: 'primary', id: 'start-button', text: `Start ${operation.name}`});
  const busy = el('p', {class: 'faint', role: 'status'});

  const params = () => {
    const all = {};
    for (const one of fields) {
      const given = one.read();
      if (one.more && given !== undefined) {
        Object.assign(all, typeof given === 'object' ? given : {});
      } else if (given !== undefined) {
        all[one.name] = given;
      }
    }
    return all;
  };
  const details = others.length === 0 ? null
    : el('details', {class: 'more'}, el('summary', {text: `More parameters (${others.length})`}), others.map(one => one.element));

  const element = el('form', {class: 'card', novalidate: true, on: {submit: async event => {
    event.preventDefault();
    fields.forEach(one => one.fault(''));
    fill(general);
    button.disabled = true;
    try {
      const session = await post(`/api/v1/operations/${operation.name}`, params());
      announce(`${operation.name} started as session ${session.session_id}.`);
      location.hash = session.params.dry_run === true ? `#/results/${session.session_id}` : '#/now';
    } catch (problem) {
      if (!(problem instanceof Problem)) {
        throw problem;
      }
      showFaults(problem, fields, general, details);
    } finally {
      button.disabled = false;
    }
  }}},
  el('h2', {text: operation.name}), el('p', {text: operation.description}), general,
  first.map(one => one.element), hint, details,
  el('div', {class: 'row submit'}, button, busy), lines.element);

  changed = () => lines.paint(params());
  prefill(fields, query.like, () => changed());
  changed();
  state.on('connection', () => changed());
  paintPlan(operation.name, fields, hint);
  const paintBusy = () => say(busy, state.current === null || schema['x-lock'] === false ? ''
    : `Busy: ${state.current.op_name} #${state.current.session_id} is ${words(state.current.status)}.`);
  state.on('current', paintBusy);
  paintBusy();
  return element;
}

async function prefill(fields, like, done) {
  if (like !== undefined) {
    const {params} = await get(`/api/v1/sessions/${like}`);
    fields.filter(one => one.name in params).forEach(one => one.write(params[one.name]));
    done();
  }
}

function showFaults(problem, fields, general, details) {
  const left = [];
  let firstBad = null;
  for (const {field: path, detail} of problem.body.errors ?? []) {
    const owner = fields.find(one => one.name === path.split(/[.[]/)[0]);
    if (owner === undefined) {
      left.push(path === '' ? detail : `${path}: ${detail}`);
    } else {
      owner.fault(path === owner.name ? detail : `${path}: ${detail}`);
      firstBad ??= owner;
    }
  }
  if (left.length > 0 || firstBad === null) {
    const holder = problem.body.session_id;
    fill(general, el('div', {class: 'notice bad', role: 'alert'},
      el('strong', {text: problem.status === 409 ? 'Busy. ' : 'Not started. '}),
      left.length > 0 ? left.join('; ') : problem.message, ' ',
      holder === undefined ? null : el('a', {href: '#/now', text: `Session ${holder}`})));
  }
  if (firstBad !== null) {
    if (details?.contains(firstBad.element)) {
      details.open = true;
    }
    firstBad.focus();
  }
}

/** Which stages the chosen preset runs, and how long that takes. */
async function paintPlan(name, fields, hint) {
  const preset = fields.find(one => one.name === 'preset');
  if (preset === undefined) {
    return;
  }
  const pipeline = await get(`/api/v1/operations/${name}/pipeline`).catch(() => null);
  const bands = fields.find(one => one.name === 'bands');
  const paint = () => {
    const stages = pipeline?.presets[preset.read() ?? preset.preset];
    if (stages === undefined) {
      return;
    }
    const seconds = key => stages.reduce((sum, stage) => sum + (pipeline.stages[stage]?.[key] ?? 0)
      * (pipeline.stages[stage]?.per_band ? Math.max(1, (bands?.read() ?? [0]).length) : 1), 0);
    say(hint, `Runs ${stages.join(', ')}: about ${duration(seconds('estimate'))} on hardware, ${
      duration(seconds('estimate_simulated'))} simulated.`);
  };
  preset.preset = state.operation(name).parameters.properties.preset.default;
  [preset, bands].forEach(one => one?.element.addEventListener('change', paint));
  paint();
}

const quote = text => `'${text.replaceAll('\'', '\'\\\'\'')}'`;

/** The same as curl and mosquitto_pub have it. */
function shellLines(name) {
  const curl = el('code', {});
  const mqtt = el('code', {});
  const line = (label, code) => el('div', {class: 'shell'}, el('div', {class: 'row'}, el('span', {class: 'faint', text: label}),
    copyButton(`Copy ${label}`, () => code.textContent)), el('pre', {tabindex: '0', 'aria-label': label}, code));
  return {
    element: el('details', {class: 'more', open: innerWidth > 700}, el('summary', {text: 'The same from a shell'}), line('curl', curl), line('mosquitto_pub', mqtt)),
    paint(params) {
      const body = JSON.stringify(params);
      const header = token() === null ? '' : ' -H "Authorization: Bearer $TOKEN"';
      say(curl, `curl -sS -X POST ${quote(address(`/api/v1/operations/${name}`))}${header} -H 'Content-Type: application/json' -d ${quote(body)}`);
      const broker = /^\w+:\/\/(.*):(\d+)$/.exec(state.controller?.broker ?? '');
      say(mqtt, `mosquitto_pub -V 5${broker === null ? '' : ` -h ${broker[1]} -p ${broker[2]}`} -q 1 -t ${
        quote(`${state.controller?.mqtt_topic_root ?? 'pysmurf/ID'}/command/${name}`)} -m ${quote(body)}`);
    },
  };
}
