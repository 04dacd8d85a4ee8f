/** The few numbers that decide whether the night goes on: what a script reported as "headline". */
import {el} from './dom.js';

/** The list; null without one. Scripts are not trusted to keep to the form. */
export function headline(session) {
  const given = session.data?.headline;
  const entries = Array.isArray(given) ? given.filter(entry => typeof entry?.name === 'string' && entry.value !== undefined).slice(0, 6) : [];
  return entries.length === 0 ? null : el('dl', {class: 'headline card'}, entries.map(entry =>
    el('div', {}, el('dt', {text: entry.name}), el('dd', {text: String(entry.value)}))));
}
