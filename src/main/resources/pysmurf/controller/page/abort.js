/**
 * The abort button of what holds the lock: always in sight, in two steps, and then what the ladder of signals did. Also shows an
 * abort that somebody else asked for.
 */
import {post, Problem} from './api.js';
import {announce, el, fill} from './dom.js';
import {abortAsker, badge, duration, timeTag, words} from './format.js';
import {state} from './state.js';

const RUNGS = ['INT', 'TERM', 'KILL'];
/** Signals come without an event of their own, so the session is read while an abort goes on. */
const LOOK_EVERY_MS = 500;

/** Asks whether a session is to be aborted, as the button does. Set by {@link startAbort}. */
export let askToAbort;

export function startAbort() {
  const place = document.getElementById('abort');
  const button = el('button', {type: 'button', id: 'abort-button', class: 'abort-button', on: {click: () => first()}});
  const panel = el('div', {id: 'abort-panel', class: 'abort-panel', role: 'group', 'aria-label': 'Abort', tabindex: '-1', hidden: true});
  place.append(button, panel);

  let asked = null;        // the session in question, between the two steps
  let shown = null;        // the session whose abort is shown
  let dismissed = null;
  let fault = '';
  let timer = 0;
  let opener = button;

  const victim = () => state.current;
  const nothing = () => state.others.length === 0 ? 'Nothing is running' : 'Only sessions without the lock run: abort each on the Now view';

  function first() {
    const session = victim();
    if (session === null && state.connection === 'live') {
      announce(nothing());
      return;
    }
    ask(session ?? {session_id: null, op_name: 'whatever runs', abort: null});
  }

  function ask(session) {
    opener = document.activeElement;
    if (session.abort) {
      show(session);
      return;
    }
    asked = session;
    fault = '';
    paint();
    panel.querySelector('#abort-confirm')?.focus();
  }

  async function second(force) {
    const session = asked ?? shown;
    fault = '';
    try {
      if (session.session_id === null) {
        await post('/api/v1/operations/abort', {force});
      } else {
        await post(`/api/v1/sessions/${session.session_id}/abort`, {force});
        show(await state.refresh(session.session_id));
      }
      announce(force ? 'Force abort sent.' : 'Abort sent.');
    } catch (problem) {
      if (!(problem instanceof Problem)) {
        throw problem;
      }
      fault = `Not aborted: ${problem.message}`;
    }
    asked = null;
    paint();
  }

  function show(session) {
    shown = session;
    dismissed = null;
    asked = null;
    look();
    paint();
    // not a button: a second press of the same key must not do more than the first
    panel.focus();
  }

  function look() {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (shown !== null && shown.status !== 'done') {
        await state.refresh(shown.session_id).catch(() => {});
        look();
      }
    }, LOOK_EVERY_MS);
  }

  function dismiss() {
    dismissed = shown?.session_id ?? null;
    shown = null;
    fault = '';
    asked = null;
    paint();
    refocus();
  }

  /** What opened the panel may be gone: a session's own button goes with the session. */
  function refocus() {
    (opener.isConnected && opener !== document.body ? opener : button).focus();
  }

  function question() {
    const name = asked.session_id === null ? asked.op_name : `${asked.op_name} #${asked.session_id}`;
    return [
      el('p', {}, el('strong', {text: `Abort ${name}?`}),
        ' The script gets SIGINT, then SIGTERM, then SIGKILL; the crate is left in a safe state where the operation sees to that.'),
      el('div', {class: 'row'},
        el('button', {type: 'button', id: 'abort-confirm', class: 'danger', text: 'Yes, abort it', on: {click: () => second(false)}}),
        el('button', {type: 'button', text: 'No, let it run', on: {click: dismiss}})),
    ];
  }

  function ladder(session) {
    const sent = session.abort?.signals ?? [];
    const done = session.status === 'done';
    const rungs = el('ol', {class: 'ladder'}, RUNGS.map(name => {
      const reached = sent.includes(name);
      const text = reached ? 'sent' : done ? 'not needed' : 'waiting';
      return el('li', {class: reached ? 'reached' : ''}, el('strong', {text: `SIG${name}`}), ` ${text}`);
    }));
    const survivors = session.abort?.survivors ?? 0;
    const running = (session.stages ?? []).find(one => one.status === 'running');
    return [
      el('p', {}, el('strong', {text: `Abort of ${session.op_name} #${session.session_id}`}), ' asked by ',
        session.abort ? abortAsker(session.abort.by) : 'you', ' at ', timeTag(session.abort?.at ?? Date.now() / 1000)),
      rungs,
      done ? el('p', {id: 'abort-result'}, badge(session.outcome), ` after ${duration(session.end_time - (session.abort?.at ?? session.end_time))}; `,
        survivors === 0 ? 'no process survived.' : el('strong', {class: 'bad-text', text: `${survivors} processes survived even SIGKILL.`}))
        : el('p', {text: running?.name === 'safe_state' ? 'Ended; bringing the crate to a safe state…' : 'Stopping…'}),
      el('div', {class: 'row'},
        done ? el('a', {class: 'button', href: `#/results/${session.session_id}`, text: 'Results'}) : null,
        el('button', {type: 'button', text: done ? 'Close' : 'Hide', on: {click: dismiss}}),
        el('span', {class: 'grow'}),
        // away from where "Yes" was, for those who click twice
        done ? null : el('button', {type: 'button', id: 'abort-force', class: 'danger', text: 'Force: SIGKILL now, no clean-up',
          on: {click: () => second(true)}})),
    ];
  }

  let painted = '';

  function paint() {
    const session = victim();
    if (shown !== null) {
      shown = state.sessions.get(shown.session_id) ?? shown;
    } else if (session?.abort && dismissed !== session.session_id) {
      shown = session;
      look();
    }
    const subject = asked === null || asked.session_id === null ? null : state.sessions.get(asked.session_id);
    if (subject?.abort) {
      // by this page, whose answer is still on its way, or by somebody else
      shown = subject;
      asked = null;
      look();
    } else if (subject === undefined || subject?.status === 'done') {
      fault = `${asked.op_name} #${asked.session_id} has ended by itself.`;
      asked = null;
    }
    const idle = session === null && state.connection === 'live';
    button.setAttribute('aria-disabled', String(idle));
    button.setAttribute('aria-expanded', String(!panel.hidden));
    button.title = idle ? nothing() : '';
    button.textContent = session?.abort ? 'Aborting…' : asked !== null && asked.session_id === (session?.session_id ?? null) ? 'Abort?' : 'Abort';
    const key = JSON.stringify([asked?.session_id, fault, shown?.session_id, shown?.status, shown?.abort,
      (shown?.stages ?? []).map(one => one.status)]) + (asked !== null);
    if (key === painted) {
      return;
    }
    painted = key;
    const focused = panel.contains(document.activeElement) ? document.activeElement.id : null;
    const content = asked !== null ? question() : shown !== null ? ladder(shown) : [];
    if (fault !== '') {
      content.unshift(el('p', {class: 'bad-text', role: 'alert', text: fault}));
      if (content.length === 1) {
        content.push(el('button', {type: 'button', text: 'Close', on: {click: dismiss}}));
      }
    }
    fill(panel, content);
    panel.hidden = content.length === 0;
    button.setAttribute('aria-expanded', String(!panel.hidden));
    if (focused !== null && panel.hidden) {
      refocus();
    } else if (focused !== null && document.activeElement !== panel) {
      (panel.querySelector(`#${focused || 'none'}`) ?? panel).focus();
    }
  }

  panel.addEventListener('keydown', event => {
    if (event.key === 'Escape') {
      dismiss();
    }
  });
  askToAbort = ask;
  let doneBefore = null;
  state.on('session', session => {
    if (shown?.session_id === session.session_id && session.status === 'done' && doneBefore !== session.session_id) {
      doneBefore = session.session_id;
      announce(`${session.op_name} ${words(session.outcome)}; signals sent: ${(session.abort?.signals ?? []).join(', ') || 'none'}.`);
    }
  });
  ['current', 'session', 'connection'].forEach(name => state.on(name, paint));
  paint();
}
