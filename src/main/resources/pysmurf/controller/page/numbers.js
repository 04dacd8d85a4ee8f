/** The numbers of a pipeline's stages, per band, against their gates. */
import {el} from './dom.js';
import {badge, value} from './format.js';

/** Detail that only an analysis needs. */
const FINE = /_q\d\d$/;

/** Whether every key is a band's number. */
const byBand = numbers => Object.values(numbers).length > 0
  && Object.entries(numbers).every(([key, one]) => /^\d+$/.test(key) && typeof one === 'object' && one !== null);

/** Numbers as {band: {name: value}}; those of no band under ''. */
export function perBand(stage) {
  const numbers = stage.numbers ?? {};
  return Object.keys(numbers).length === 0 ? {} : byBand(numbers) ? numbers : {'': numbers};
}

/** The gates of a number, of all that the pipeline has. */
function gateOf(pipeline, stage, number) {
  return pipeline?.stages?.[stage]?.gates?.find(gate => gate.number === number);
}

function gateText(gate) {
  if (gate.is !== null && gate.is !== undefined) {
    return `is ${value(gate.is)}`;
  }
  const {min, max} = gate;
  return min !== null && max !== null ? `${value(min)} to ${value(max)}` : min !== null ? `≥ ${value(min)}` : `≤ ${value(max)}`;
}

function keeps(gate, given) {
  if (gate.is !== null && gate.is !== undefined) {
    return given === gate.is;
  }
  return typeof given === 'number' && (gate.min === null || given >= gate.min) && (gate.max === null || given <= gate.max);
}

/** The bands that any stage has numbers of. */
export function bandsOf(session) {
  return [...new Set((session.stages ?? []).flatMap(stage => Object.keys(perBand(stage))))].sort((a, b) => Number(a) - Number(b));
}

/** The table; null if there are no numbers. */
export function numbersTable(session, pipeline, fine) {
  const bands = bandsOf(session);
  if (bands.length === 0) {
    return null;
  }
  const rows = (session.stages ?? []).flatMap(stage => stageRows(stage, bands, pipeline, fine));
  return el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Numbers'},
    el('table', {class: 'numbers'},
      el('thead', {}, el('tr', {}, ['Stage', 'Number', 'Gate'].map(text => el('th', {scope: 'col', text})),
        bands.map(band => el('th', {scope: 'col', class: 'number', text: band === '' ? 'Value' : `Band ${band}`})))),
      rows));
}

/** One body of the table a stage: names that a gate judges first. */
function stageRows(stage, bands, pipeline, fine) {
  const numbers = perBand(stage);
  const names = [...new Set(Object.values(numbers).flatMap(one => Object.keys(one)))].filter(name => fine || !FINE.test(name));
  names.sort((a, b) => (gateOf(pipeline, stage.name, b) ? 1 : 0) - (gateOf(pipeline, stage.name, a) ? 1 : 0));
  return names.length === 0 ? [] : el('tbody', {}, names.map((name, index) => {
    const gate = gateOf(pipeline, stage.name, name);
    return el('tr', {class: gate === undefined ? '' : 'gated'},
      index === 0 ? el('th', {scope: 'rowgroup', rowspan: String(names.length)}, stage.name, el('br'), badge(stage.status)) : null,
      el('th', {scope: 'row', class: 'name', text: name}),
      el('td', {class: 'gate', text: gate === undefined ? '' : gateText(gate)}),
      bands.map(band => cell(numbers[band]?.[name], gate)));
  }));
}

function cell(given, gate) {
  if (given === undefined) {
    return el('td', {class: 'number faint', text: '–'});
  }
  if (gate === undefined) {
    return el('td', {class: 'number', title: String(given), text: value(given)});
  }
  const good = keeps(gate, given);
  return el('td', {class: `number ${good ? 'good' : 'bad'}`, title: String(given)},
    value(given), el('span', {text: good ? ' ✓' : ' ✗'}), el('span', {class: 'hidden-text', text: good ? ' within its gate' : ' out of its gate'}));
}

/** All numbers flat, for a comparison: [stage, name, band, value]. */
export function flatNumbers(session) {
  return (session.stages ?? []).flatMap(stage => Object.entries(perBand(stage)).flatMap(([band, numbers]) =>
    Object.entries(numbers).filter(([name]) => !FINE.test(name)).map(([name, given]) => [stage.name, name, band, given])));
}
