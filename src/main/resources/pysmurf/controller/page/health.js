/** How the controller's parts are. Shows whatever a check tells, so a new check needs nothing here. */
import {el, fill} from './dom.js';
import {badge, size, timeTag, value, words} from './format.js';
import {faults} from './header.js';
import {state} from './state.js';

export function healthView(root) {
  const overall = el('p', {class: 'big'});
  const place = el('div', {class: 'checks'});
  const versions = el('dl', {class: 'pairs card'});
  fill(root, el('h1', {text: 'Health'}), overall, place, el('h2', {text: 'Controller'}), versions);
  let painted = '';

  function paint() {
    const {health, controller} = state;
    if (health !== null) {
      fill(overall, badge(health.status.toLowerCase()), el('span', {class: 'faint', text: ' looked at ' }), timeTag(state.healthAt));
      const key = JSON.stringify(health);
      if (key !== painted) {
        painted = key;
        fill(place, Object.entries(health.checks ?? {}).map(([name, check]) => checkCard(name, check)));
      }
    }
    fill(versions, controller === null ? el('dt', {text: 'not reached yet'})
      : [...pair('Id', controller.id), ...pair('Slot', value(controller.slot)), ...pair('Up since', timeTag(controller.start_time, true)),
        ...pair('Version', controller.version), ...pair('Camel', controller.camel_version), ...pair('Java', controller.java_version),
        ...pair('Broker', value(controller.broker)), ...pair('Topics', `${controller.mqtt_topic_root}/…`)]);
  }

  const off = [state.on('health', paint), state.on('connection', paint)];
  paint();
  return () => off.forEach(stop => stop());
}

function pair(name, content) {
  return [el('dt', {text: name}), el('dd', {}, content)];
}

function checkCard(name, check) {
  const texts = faults(check);
  const facts = Object.entries(check).filter(([key]) => !['status', 'detail', 'broken'].includes(key));
  return el('section', {class: `card check is-${check.status.toLowerCase()}`, 'aria-label': name},
    el('h2', {}, name, ' ', badge(check.status.toLowerCase())),
    texts.length === 0 ? null : el('ul', {class: 'detail'}, texts.map(text => el('li', {text}))),
    el('dl', {class: 'pairs'}, facts.flatMap(([key, given]) => pair(words(key.replace(/_bytes$/, '')), shown(key, given)))));
}

/** A value, its kind told by the end of its name; a list of objects (destinations) as a table. */
function shown(key, given) {
  if (key.endsWith('_bytes')) {
    return size(given);
  }
  if (key.endsWith('_at')) {
    return timeTag(given);
  }
  if (Array.isArray(given) && given.length === 0) {
    return 'none';
  }
  if (Array.isArray(given) && given.every(one => typeof one === 'object' && one !== null)) {
    const names = [...new Set(given.flatMap(one => Object.keys(one)))];
    return el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Details'}, el('table', {},
      el('thead', {}, el('tr', {}, names.map(text => el('th', {scope: 'col', text})))),
      el('tbody', {}, given.map(one => el('tr', {}, names.map(text => el('td', {text: value(one[text])})))))));
  }
  return Array.isArray(given) ? given.map(value).join(', ') : value(given);
}
