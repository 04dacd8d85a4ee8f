/** The token that the controller asks for, if it asks: kept for this tab, or for this browser if the user wants that. */
import {el, freshId} from './dom.js';

// a proxy may have several processes below one origin, each with tokens of its own; the controllers of one have the same
const KEY = `pysmurf-token${new URL('..', import.meta.url).pathname.replace(/(\/controllers\/[^/]+)?\/$/, '')}`;
let asking = null;

/** The token, or null. */
export function token() {
  return sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
}

/** Asks for a token; one question at a time, however many requests were refused. Resolves when there is another one. */
export function askForToken() {
  asking ??= ask().finally(() => { asking = null; });
  return asking;
}

function ask() {
  return new Promise(resolve => {
    const refused = token() !== null;
    const id = freshId('token');
    const input = el('input', {id, type: 'password', autocomplete: 'current-password', required: true, spellcheck: 'false'});
    const keep = el('input', {type: 'checkbox'});
    const dialog = el('dialog', {class: 'dialog', 'aria-labelledby': `${id}-title`},
      el('form', {on: {submit: event => {
        event.preventDefault();
        sessionStorage.removeItem(KEY);
        localStorage.removeItem(KEY);
        (keep.checked ? localStorage : sessionStorage).setItem(KEY, input.value.trim());
        dialog.close();
        dialog.remove();
        resolve();
      }}},
        el('h2', {id: `${id}-title`, text: 'This controller asks for a token'}),
        refused ? el('p', {class: 'bad-text', role: 'alert', text: 'The token in use was refused.'}) : null,
        el('label', {for: id, text: 'Token'}), input,
        el('label', {class: 'check'}, keep, ' Remember it in this browser'),
        el('p', {class: 'faint', text: 'Otherwise it is forgotten when this tab closes.'}),
        el('button', {type: 'submit', class: 'primary', text: 'Continue'})));
    dialog.addEventListener('cancel', event => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
