/** What the controller does now: state, stages, live output. */
import {askToAbort} from './abort.js';
import {el, fill, say} from './dom.js';
import {asker, badge, duration, paramsInShort, timeTag} from './format.js';
import {stateInWords, troubles} from './header.js';
import {OutputPanel} from './output.js';
import {paintStages, stageTroubles} from './stages.js';
import {state} from './state.js';
import {stopButton} from './stop.js';

export function nowView(root) {
  const head = el('section', {class: 'card now-head'});
  const bar = el('div', {class: 'stage-place'});
  const trouble = el('div', {});
  const beside = el('section', {class: 'card', 'aria-label': 'Also running', hidden: true});
  const output = new OutputPanel();
  output.element.hidden = true;
  fill(root, el('h1', {text: 'Now'}), trouble, head, bar, beside, output.element);
  const spent = el('span', {});
  let painted = '';
  let paintedBeside = '';

  /** The session shown: the one that holds the lock, else the last. */
  const subject = () => state.current ?? state.latest;

  function paintHead() {
    const session = subject();
    const words = stateInWords();
    const problems = state.connection === 'live' ? troubles() : [];
    const key = JSON.stringify([session?.session_id, session?.status, session?.outcome, session?.abort, words.kind, problems,
      (session?.stages ?? []).map(one => one.detail), session?.files?.length, state.operations.length, state.others.length]);
    if (key !== painted) {
      painted = key;
      const list = problems.flatMap(([name, texts]) => texts.map(text => el('li', {text: `${name}: ${text}`})));
      fill(trouble, list.length === 0 ? null : el('div', {class: 'notice warn'},
        el('strong', {text: state.health?.status === 'DOWN' ? 'Down: no command can be taken' : 'Degraded'}), el('ul', {}, list),
        el('a', {href: '#/health', text: 'Health'})));
      fill(head, ...(session === null ? nothingYet() : about(session)));
    }
    if (session !== null) {
      const end = session.end_time ?? Date.now() / 1000;
      say(spent, duration(end - session.start_time));
    }
  }

  function nothingYet() {
    return state.connection === 'live'
      ? [el('p', {class: 'big', text: state.others.length === 0 ? 'Idle. Nothing has been run yet.' : 'Idle.'}),
        el('p', {}, el('a', {class: 'button primary', href: '#/start', text: 'Start something'}))]
      : [el('p', {class: 'big', text: 'Waiting for the controller…'})];
  }

  function about(session) {
    const done = session.status === 'done';
    const problems = stageTroubles(session);
    return [
      el('p', {class: 'big'}, done ? 'Idle. Last: ' : null, el('a', {href: `#/results/${session.session_id}`,
        text: `${session.op_name} #${session.session_id}`}), ' ', badge(session.outcome ?? session.status)),
      el('p', {class: 'facts'},
        'since ', timeTag(session.start_time), done ? [' until ', timeTag(session.end_time)] : null, ' · ', spent,
        ` · by ${asker(session.requested_by)}`,
        !done || session.exit_code === null ? null : ` · exit code ${session.exit_code}`),
      el('p', {class: 'faint', text: paramsInShort(session.params, state.operation(session.op_name)?.parameters)}),
      problems.length === 0 ? null : el('ul', {class: 'troubles'}, problems),
      done ? el('div', {class: 'row'},
        el('a', {class: 'button primary', href: `#/results/${session.session_id}`, text: 'Results'}),
        el('a', {class: 'button', href: `#/start/${session.op_name}?like=${session.session_id}`, text: 'Run again…'}),
        el('a', {class: 'button', href: '#/start', text: 'Start something else'})) : stopButton(session),
    ].filter(part => part !== null);
  }

  function paint() {
    const session = subject();
    paintHead();
    paintBeside();
    paintStages(bar, session);
    output.element.hidden = session === null;
    if (session !== null) {
      output.open(session);
    }
  }

  /** What runs without the lock, each with an abort of its own. */
  function paintBeside() {
    const others = state.others;
    const key = JSON.stringify(others.map(one => [one.session_id, one.status, one.abort !== null, state.isProcess(one)]));
    if (key === paintedBeside) {
      return;
    }
    paintedBeside = key;
    beside.hidden = others.length === 0;
    fill(beside, el('h2', {text: 'Also running'}), el('ul', {class: 'beside'}, others.map(one => {
      const name = `${one.op_name} #${one.session_id}`;
      const text = one.abort === null ? 'Abort' : 'Aborting…';
      return el('li', {class: 'row'},
        el('a', {href: `#/results/${one.session_id}/output`, text: name}), badge(one.status),
        el('span', {class: 'facts grow'}, 'since ', timeTag(one.start_time), ` · by ${asker(one.requested_by)}`),
        stopButton(one),
        el('button', {type: 'button', class: 'danger small', text, 'aria-label': `${text} ${name}`,
          on: {click: () => askToAbort(state.sessions.get(one.session_id))}}));
    })));
  }

  const off = ['session', 'current', 'progress', 'health', 'connection', 'operations'].map(name => state.on(name, paint));
  const tick = setInterval(() => {
    paintHead();
    if (state.current !== null) {
      paintStages(bar, subject());
    }
  }, 1000);
  paint();
  return () => {
    off.forEach(stop => stop());
    clearInterval(tick);
    output.close();
  };
}
