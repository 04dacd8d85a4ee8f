/**
 * Form fields made from a JSON Schema. Each field gives the value to send, or undefined for "the default". What is wrong with a
 * value the controller says; a field sends what was typed even if it is no number, so that this is said in one way.
 */
import {el, fill, freshId, say} from './dom.js';

const MOST_TOGGLES = 16;

/** A field for one property: {name, element, read(), write(value), fault(text)}. */
export function field(name, schema, required, onChange, scripts) {
  const id = freshId('field');
  const control = controlFor(id, name, schema, scripts);
  const fault = el('p', {id: `${id}-fault`, class: 'field-fault', role: 'alert'});
  const described = `${id}-help ${id}-fault`;
  control.targets.forEach(target => target.setAttribute('aria-describedby', described));
  const title = [name, required ? el('span', {class: 'required', text: ' required'}) : null];
  const element = el(control.group ? 'fieldset' : 'div', {class: 'field', 'data-field': name},
    control.group ? el('legend', {}, title) : el('label', {for: id}, title),
    schema.description ? el('p', {id: `${id}-help`, class: 'help', text: schema.description}) : el('span', {id: `${id}-help`}),
    control.element, fault);
  element.addEventListener('input', onChange);
  element.addEventListener('change', onChange);
  if (schema.default !== undefined) {
    control.write(schema.default);
  }
  return {
    name,
    element,
    read() {
      const given = control.read();
      return schema.default !== undefined && JSON.stringify(given) === JSON.stringify(schema.default) ? undefined : given;
    },
    write: control.write,
    focus: () => control.targets[0].focus(),
    fault(text) {
      say(fault, text);
      control.targets.forEach(target => text === '' ? target.removeAttribute('aria-invalid')
        : target.setAttribute('aria-invalid', 'true'));
      element.classList.toggle('invalid', text !== '');
    },
  };
}

function controlFor(id, name, schema, scripts) {
  const types = [schema.type ?? []].flat();
  if (Array.isArray(schema.enum)) {
    return schema.enum.length <= 5 && !schema.enum.includes(null) ? radios(id, schema.enum) : choice(id, schema.enum);
  }
  if (types.includes('array')) {
    const options = itemOptions(schema.items ?? {});
    return options === null ? textLines(id, schema.items ?? {}) : toggles(id, options);
  }
  if (types.includes('boolean')) {
    return types.includes('string') ? booleanOrText(id) : types.includes('null') ? choice(id, [null, true, false]) : checkbox(id);
  }
  if (types.includes('number') || types.includes('integer')) {
    return text(id, {inputmode: types.includes('integer') ? 'numeric' : 'decimal', placeholder: types.includes('null') ? 'none' : null},
      asNumber, types.includes('null'));
  }
  if (types.includes('string')) {
    return schema.format === 'script' ? scriptText(id, scripts) : text(id, {}, typed => typed, types.includes('null'));
  }
  return json(id);
}

/** What an array may hold, if that is a short list; else null. */
function itemOptions(items) {
  if (Array.isArray(items.enum)) {
    return items.enum;
  }
  const known = Number.isInteger(items.minimum) && Number.isInteger(items.maximum);
  if (items.type === 'integer' && known && items.maximum - items.minimum < MOST_TOGGLES) {
    return Array.from({length: items.maximum - items.minimum + 1}, (ignored, index) => items.minimum + index);
  }
  return null;
}

const asNumber = typed => typed.trim() !== '' && Number.isFinite(Number(typed)) ? Number(typed) : typed;
const asText = value => value === null || value === undefined ? '' : String(value);

function text(id, attributes, parse, nullable) {
  const input = el('input', {id, type: 'text', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', ...attributes});
  return {
    element: input,
    targets: [input],
    read: () => input.value === '' ? (nullable ? null : undefined) : parse(input.value),
    write: value => { input.value = asText(value); },
  };
}

function scriptText(id, scripts) {
  const control = text(id, {list: `${id}-list`, placeholder: 'type, or choose below'}, typed => typed, false);
  const options = el('datalist', {id: `${id}-list`});
  const chooser = el('select', {'aria-label': 'Scripts below the script roots', class: 'chooser'});
  chooser.addEventListener('change', () => {
    control.targets[0].value = chooser.value;
  });
  scripts.then(list => {
    fill(options, list.map(script => el('option', {value: script})));
    fill(chooser, el('option', {value: '', text: `Choose one of ${list.length} scripts…`}),
      list.map(script => el('option', {value: script, text: script})));
  });
  return {...control, element: el('div', {class: 'script-field'}, control.element, chooser, options)};
}

function textLines(id, items) {
  const numbers = ['integer', 'number'].includes(items.type);
  const area = el('textarea', {id, rows: '3', spellcheck: 'false', autocapitalize: 'off', placeholder: 'one a line'});
  return {
    element: area,
    targets: [area],
    read: () => area.value.split('\n').filter(line => line !== '').map(line => numbers ? asNumber(line) : line),
    write: value => { area.value = Array.isArray(value) ? value.map(asText).join('\n') : asText(value); },
  };
}

function toggles(id, options) {
  const boxes = options.map((option, index) => el('input', {type: 'checkbox', id: index === 0 ? id : `${id}-${index}`}));
  const set = wanted => boxes.forEach((box, index) => { box.checked = wanted(options[index]); });
  const quick = (label, wanted) => el('button', {type: 'button', class: 'small', text: label, on: {click: event => {
    set(wanted);
    event.target.dispatchEvent(new Event('change', {bubbles: true}));
  }}});
  return {
    group: true,
    element: el('div', {class: 'toggles'},
      boxes.map((box, index) => el('label', {class: 'toggle-box'}, box, el('span', {text: asText(options[index])}))),
      quick('all', () => true), quick('none', () => false)),
    targets: boxes,
    read: () => options.filter((option, index) => boxes[index].checked),
    write: value => set(option => Array.isArray(value) && value.includes(option)),
  };
}

function radios(id, options) {
  const group = freshId('radio');
  const boxes = options.map((option, index) =>
    el('input', {type: 'radio', name: group, id: index === 0 ? id : `${id}-${index}`}));
  return {
    group: true,
    element: el('div', {class: 'toggles'},
      boxes.map((box, index) => el('label', {class: 'toggle-box'}, box, el('span', {text: asText(options[index])})))),
    targets: boxes,
    read: () => options.find((option, index) => boxes[index].checked),
    write: value => boxes.forEach((box, index) => { box.checked = options[index] === value; }),
  };
}

function choice(id, options) {
  const label = option => option === null ? '– not set –' : option === true ? 'yes (true)' : option === false ? 'no (false)' : asText(option);
  const select = el('select', {id}, options.map((option, index) => el('option', {value: String(index), text: label(option)})));
  return {
    element: select,
    targets: [select],
    read: () => options[Number(select.value)],
    write: value => { select.value = String(Math.max(0, options.indexOf(value))); },
  };
}

function checkbox(id) {
  const box = el('input', {id, type: 'checkbox'});
  return {
    element: el('span', {class: 'check'}, box, el('span', {'aria-hidden': 'true', text: ' yes'})),
    targets: [box],
    read: () => box.checked,
    write: value => { box.checked = value === true; },
  };
}

function booleanOrText(id) {
  const select = el('select', {id}, el('option', {value: 'true', text: 'yes (true)'}), el('option', {value: 'false', text: 'no (false)'}),
    el('option', {value: 'text', text: 'this text:'}));
  const input = el('input', {type: 'text', 'aria-label': 'text', spellcheck: 'false', hidden: true});
  const show = () => { input.hidden = select.value !== 'text'; };
  select.addEventListener('change', show);
  return {
    element: el('div', {class: 'row'}, select, input),
    targets: [select, input],
    read: () => select.value === 'text' ? input.value : select.value === 'true',
    write: value => {
      select.value = typeof value === 'string' ? 'text' : String(value === true);
      input.value = typeof value === 'string' ? value : '';
      show();
    },
  };
}

function json(id) {
  const area = el('textarea', {id, rows: '4', spellcheck: 'false', placeholder: 'JSON'});
  return {
    element: area,
    targets: [area],
    read: () => {
      if (area.value.trim() === '') {
        return undefined;
      }
      try {
        return JSON.parse(area.value);
      } catch {
        return area.value;
      }
    },
    write: value => { area.value = value === undefined ? '' : JSON.stringify(value, null, 2); },
  };
}
