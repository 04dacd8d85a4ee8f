/** What the controller does now: state, stages, live output. */
import {el, fill, say} from './dom.js';
import {badge, duration, paramsInShort, timeTag} from './format.js';
import {stateInWords, troubles} from './header.js';
import {OutputPanel} from './output.js';
import {paintStages, stageTroubles} from './stages.js';
import {state} from './state.js';

export function nowView(root) {
  const head = el('section', {class: 'card now-head'});
  const bar = el('div', {class: 'stage-place'});
  const trouble = el('div', {});
  const output = new OutputPanel();
  output.element.hidden = true;
  fill(root, el('h1', {text: 'Now'}), trouble, head, bar, output.element);
  const spent = el('span', {});
  let painted = '';

  /** The session shown: the running one, else the last. */
  const subject = () => state.current ?? state.latest;

  function paintHead() {
    const session = subject();
    const words = stateInWords();
    const problems = state.connection === 'live' ? troubles() : [];
    const key = JSON.stringify([session?.session_id, session?.status, session?.outcome, session?.abort, words.kind, problems,
      (session?.stages ?? []).map(one => one.detail), session?.files?.length, state.operations.length]);
    if (key !== painted) {
      painted = key;
      const list = problems.map(text => el('li', {text}));
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
      ? [el('p', {class: 'big', text: 'Idle. Nothing has been run yet.'}),
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
        ` · by ${session.requested_by.client} over ${session.requested_by.transport}`,
        !done || session.exit_code === null ? null : ` · exit code ${session.exit_code}`),
      el('p', {class: 'faint', text: paramsInShort(session.params, state.operation(session.op_name)?.parameters)}),
      problems.length === 0 ? null : el('ul', {class: 'troubles'}, problems),
      done ? el('div', {class: 'row'},
        el('a', {class: 'button primary', href: `#/results/${session.session_id}`, text: 'Results'}),
        el('a', {class: 'button', href: `#/start/${session.op_name}?like=${session.session_id}`, text: 'Run again…'}),
        el('a', {class: 'button', href: '#/start', text: 'Start something else'})) : null,
    ].filter(part => part !== null);
  }

  function paint() {
    const session = subject();
    paintHead();
    paintStages(bar, session);
    output.element.hidden = session === null;
    if (session !== null) {
      output.open(session);
    }
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
