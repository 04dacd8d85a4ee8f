/** The plots of a session, side by side by band, and one at a time as large as the window. */
import {picture} from './api.js';
import {el, fill} from './dom.js';
import {fileName} from './format.js';

/** The plots as {index, name, type, band}. */
export function plotsOf(session) {
  return (session.files ?? []).map((file, index) => ({...file, index})).filter(file => file.plot).map(file => {
    const name = fileName(file.path);
    const band = /_b(\d+)[_.]/.exec(name);
    return {index: file.index, name, type: file.type, band: band === null ? '' : band[1],
      path: `/api/v1/sessions/${session.session_id}/files/${file.index}`};
  });
}

/** The plots, those of one kind in one row, with a choice of bands and kinds. */
export function plotsGrid(session) {
  const plots = plotsOf(session);
  if (plots.length === 0) {
    return el('p', {class: 'faint', text: 'No plots.'});
  }
  const grid = el('div', {class: 'plots'});
  const chosen = {band: '', type: ''};
  const select = (label, key, values) => values.length < 2 ? null : el('label', {}, `${label} `,
    el('select', {on: {change: event => {
      chosen[key] = event.target.value;
      paint();
    }}}, el('option', {value: '', text: 'all'}), values.map(one => el('option', {value: one, text: one}))));
  function paint() {
    const shown = plots.filter(plot => (chosen.band === '' || plot.band === chosen.band) && (chosen.type === '' || plot.type === chosen.type));
    const sorted = [...shown].sort((a, b) => a.type === b.type ? 0 : plots.findIndex(one => one.type === a.type)
      - plots.findIndex(one => one.type === b.type));
    fill(grid, sorted.map((plot, index) => figure(plot, () => enlarge(sorted, index))));
  }
  paint();
  return el('div', {}, el('div', {class: 'row tools'},
    select('Band', 'band', [...new Set(plots.map(plot => plot.band))].filter(one => one !== '')),
    select('Kind', 'type', [...new Set(plots.map(plot => plot.type))])), grid);
}

export function figure(plot, open) {
  return el('figure', {}, el('button', {type: 'button', class: 'plot', 'aria-label': `Enlarge ${plot.name}`, on: {click: open}},
    picture(el('img', {alt: alt(plot), width: '800', height: '500'}), plot.path)),
  el('figcaption', {text: plot.name}));
}

const alt = plot => `Plot ${plot.type}${plot.band === '' ? '' : `, band ${plot.band}`}`;

/** One plot in the whole window; arrow keys go to the next. */
export function enlarge(plots, start) {
  let at = start;
  const place = el('div', {class: 'large'});
  const title = el('h2', {});
  const step = by => {
    at = (at + by + plots.length) % plots.length;
    paint();
  };
  const dialog = el('dialog', {class: 'lightbox', 'aria-label': 'Plot', on: {
    keydown: event => {
      if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
        step(event.key === 'ArrowRight' ? 1 : -1);
      } else if (event.key === 'Escape') {
        dialog.close();
      }
    },
    close: () => dialog.remove(),
  }},
  el('div', {class: 'row'}, title, el('span', {class: 'grow'}),
    el('button', {type: 'button', text: '← Previous', on: {click: () => step(-1)}}),
    el('button', {type: 'button', text: 'Next →', on: {click: () => step(1)}}),
    el('button', {type: 'button', class: 'primary', text: 'Close', on: {click: () => dialog.close()}})),
  place);
  function paint() {
    title.textContent = `${plots[at].name} (${at + 1} of ${plots.length})`;
    fill(place, picture(el('img', {alt: alt(plots[at])}), plots[at].path));
  }
  paint();
  document.body.append(dialog);
  // not modal: the abort button stays in sight and in reach
  const opener = document.activeElement;
  dialog.addEventListener('close', () => opener?.focus());
  dialog.show();
  addEventListener('hashchange', () => dialog.close(), {once: true});
}
