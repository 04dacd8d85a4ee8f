/** Two sessions side by side: what was asked, what came out, the plots. */
import {get, Problem} from './api.js';
import {el, fill} from './dom.js';
import {badge, duration, timeTag, value} from './format.js';
import {flatNumbers} from './numbers.js';
import {enlarge, figure, plotsOf} from './plots.js';
import {state} from './state.js';

export function compareView(root, [first, second]) {
  const place = el('div', {});
  const chooser = el('div', {class: 'row tools'});
  fill(root, el('h1', {text: 'Compare'}), chooser, place);
  load();

  async function load() {
    try {
      const a = await state.session(Number(first));
      const list = await get(`/api/v1/sessions?limit=20&op=${encodeURIComponent(a.op_name)}`);
      const others = list.filter(one => one.session_id !== a.session_id && one.params?.dry_run !== true);
      // the one before it is what a result is mostly compared to
      const other = second ?? others.find(one => one.session_id < a.session_id)?.session_id ?? others[0]?.session_id;
      if (other === undefined) {
        fill(place, el('p', {class: 'faint', text: `There is no other session of ${a.op_name}.`}));
        return;
      }
      const b = await state.session(Number(other));
      fill(chooser, el('label', {}, `#${a.session_id} with `, el('select', {on: {change: event => {
        location.hash = `#/compare/${a.session_id}/${event.target.value}`;
      }}}, others.map(one => el('option', {value: String(one.session_id), selected: one.session_id === b.session_id,
        text: `#${one.session_id} ${one.outcome ?? one.status} ${new Date(one.start_time * 1000).toLocaleString()}`})))));
      const numbers = el('div', {});
      const paint = all => fill(numbers, table(a, b, all));
      paint(false);
      chooser.append(el('label', {class: 'check'}, el('input', {type: 'checkbox', on: {change: event => paint(event.target.checked)}}),
        ' also what is the same'));
      fill(place, numbers, plots(a, b));
    } catch (problem) {
      if (!(problem instanceof Problem)) {
        throw problem;
      }
      fill(place, el('p', {class: 'notice warn', text: problem.message}));
    }
  }
  return () => {};
}

function table(a, b, alsoTheSame) {
  const heads = [a, b].map(one => el('th', {scope: 'col', class: 'number'}, el('a', {href: `#/results/${one.session_id}`, text: `#${one.session_id}`})));
  const plain = (name, show) => el('tr', {}, el('th', {scope: 'row', colspan: '3', text: name}),
    el('td', {class: 'number'}, show(a)), el('td', {class: 'number'}, show(b)), el('td', {}));
  const names = [...new Set([...Object.keys(a.params), ...Object.keys(b.params)])]
    .filter(name => JSON.stringify(a.params[name]) !== JSON.stringify(b.params[name]));
  const key = ([stage, name, band]) => JSON.stringify([stage, name, band]);
  const numbersA = new Map(flatNumbers(a).map(one => [key(one), one[3]]));
  const numbersB = new Map(flatNumbers(b).map(one => [key(one), one[3]]));
  const all = [...new Set([...numbersA.keys(), ...numbersB.keys()])]
    .filter(text => alsoTheSame || numbersA.get(text) !== numbersB.get(text)).map(text => [text, ...JSON.parse(text)]);
  return el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Comparison'}, el('table', {class: 'numbers compare'},
    el('thead', {}, el('tr', {}, ['Stage', 'Number', 'Band'].map(text => el('th', {scope: 'col', text})), heads,
      el('th', {scope: 'col', class: 'number', text: 'Change'}))),
    el('tbody', {},
      plain('Outcome', one => badge(one.outcome ?? one.status)),
      plain('Started', one => timeTag(one.start_time, true)),
      plain('Duration', one => duration((one.end_time ?? Date.now() / 1000) - one.start_time)),
      names.map(name => plain(`Parameter ${name}`, one => value(one.params[name]))),
      all.map(([text, stage, name, band]) => numberRow(stage, name, band, numbersA.get(text), numbersB.get(text))))));
}

function numberRow(stage, name, band, one, other) {
  const both = typeof one === 'number' && typeof other === 'number';
  const change = both ? one - other : null;
  const part = both && other !== 0 ? Math.abs(change / other) : 0;
  const text = both ? (change === 0 ? '=' : `${change > 0 ? '+' : ''}${value(change)}${other === 0 ? '' : ` (${change / other > 0 ? '+' : ''}${(100 * change / other).toFixed(1)} %)`}`)
    : one === other ? '=' : 'differs';
  return el('tr', {class: part > 0.1 || (!both && one !== other) ? 'differs' : ''}, el('th', {scope: 'row', text: stage}),
    el('td', {text: name}), el('td', {text: band}), el('td', {class: 'number', text: value(one)}),
    el('td', {class: 'number', text: value(other)}), el('td', {class: 'number', text}));
}

/** Plots of the same kind and band next to each other. */
function plots(a, b) {
  const left = plotsOf(a);
  const right = plotsOf(b);
  const pairs = left.map(plot => [plot, right.find(one => one.type === plot.type && one.band === plot.band
    && left.filter(p => p.type === plot.type && p.band === plot.band).indexOf(plot)
      === right.filter(p => p.type === plot.type && p.band === plot.band).indexOf(one))]);
  return el('div', {class: 'plots pairs-of-plots'}, pairs.flatMap(pair => pair.map((plot, index) => plot === undefined
    ? el('p', {class: 'faint', text: `no such plot in #${b.session_id}`})
    : figure(plot, () => enlarge(pair.filter(one => one !== undefined), index)))));
}
