/** The head of the page: the controller's state in words and colour, the clock, the connection. */
import {announce, el, fill, say} from './dom.js';
import {ago, clocks, duration, timeTag, words} from './format.js';
import {state} from './state.js';

/** What is wrong by a check of the health: each broken file by itself. */
export function faults({broken = [], detail}) {
  return broken.length > 0 ? broken.map(({file, line, detail: text}) => `${file}${line === null ? '' : ` line ${line}`}: ${text}`)
    : detail ? [detail] : [];
}

/** The checks of the health that are not up, as [name, what is wrong]. */
export function troubles() {
  return Object.entries(state.health?.checks ?? {}).filter(([, check]) => check.status !== 'UP').map(([name, check]) => {
    const texts = faults(check);
    return [name, texts.length > 0 ? texts : [words(check.status.toLowerCase())]];
  });
}

/** The state as {kind, text}. */
export function stateInWords() {
  if (state.connection !== 'live') {
    return {kind: 'unknown', text: state.lostAt === null ? 'connecting…' : 'not connected'};
  }
  const current = state.current;
  if (current !== null && current.status === 'stopping') {
    return {kind: 'stopping', text: `stopping ${current.op_name} #${current.session_id}`};
  }
  if (current !== null) {
    const stage = (current.stages ?? []).find(one => one.status === 'running');
    return {kind: 'running', text: `running ${current.op_name} #${current.session_id}`
      + `${stage === undefined ? '' : ` · ${stage.name}`} · ${duration(Date.now() / 1000 - current.start_time)}`};
  }
  const {latest} = state;
  // a process runs all the time, so it is no news
  const others = state.others.filter(one => !state.isProcess(one));
  const good = latest === null || latest.outcome === 'succeeded';
  const beside = others.length === 0 ? '' : ` · also running: ${others.map(one => `${one.op_name} #${one.session_id}`).join(', ')}`;
  return {kind: 'idle', good, text: latest === null ? `idle${beside}`
    : `idle${beside} · last: ${latest.op_name} ${words(latest.outcome)} ${ago(latest.end_time)}`};
}

/** Starts painting. */
export function startHeader() {
  let spoken = '';
  const link = document.getElementById('state');
  const text = document.getElementById('state-text');
  const paint = () => {
    const now = stateInWords();
    const trouble = state.connection === 'live' ? troubles() : [];
    const down = state.health?.status === 'DOWN';
    const kind = trouble.length > 0 && now.kind === 'idle' ? (down ? 'down' : 'degraded') : now.good === false ? 'idle-after-trouble' : now.kind;
    link.className = `state state-${kind}`;
    const suffix = trouble.length === 0 ? '' : ` · ${down ? 'down' : 'degraded'} (${trouble[0][0]}${
      trouble.length > 1 ? ` and ${trouble.length - 1} more` : ''})`;
    say(text, now.text + suffix);
    link.setAttribute('href', kind === 'degraded' || kind === 'down' ? '#/health' : '#/now');
    const heading = document.querySelector('main h1')?.textContent ?? '';
    document.title = `${now.text.split(' · ')[0]} – ${heading} – ${state.controller?.id ?? 'pysmurf controller'}`;
    say(document.getElementById('controller-id'),
      (state.controller?.id ?? 'pysmurf controller') + (state.controller?.slot ? ` · slot ${state.controller.slot}` : ''));
    say(document.getElementById('clock'), clocks(new Date()));
    // not the seconds, or it would never stop talking
    const news = now.kind === 'running' || now.kind === 'stopping' ? now.text.replace(/ · [^·]*$/, '') : now.kind;
    if (news !== spoken && state.connection === 'live') {
      announce(`Controller: ${now.kind === 'idle' ? now.text : news}`);
      spoken = news;
    }
  };
  if (/\/controllers\/[^/]+\/$/.test(new URL('..', import.meta.url).pathname)) {
    document.querySelector('.nav').append(el('a', {href: '../', text: 'All controllers'}));
  }
  setInterval(paint, 1000);
  ['current', 'health', 'connection'].forEach(name => state.on(name, paint));
  paint();
  startConnectionLine();
}

function startConnectionLine() {
  const line = document.getElementById('connection');
  let lostSince = null;
  let shownRestart = null;
  let clear = 0;
  const note = (kind, ...children) => {
    line.className = `connection ${kind}`;
    fill(line, ...children);
  };
  state.on('connection', () => {
    clearTimeout(clear);
    if (state.connection === 'lost') {
      if (lostSince === null) {
        lostSince = state.lostAt ?? Date.now();
        note('bad', el('strong', {text: 'Connection lost'}), ' since ', timeTag(lostSince / 1000),
          '. What is shown may be out of date. It is tried again by itself. ',
          el('button', {type: 'button', class: 'small', text: 'Try now', on: {click: () => state.retry()}}));
      }
      return;
    }
    if (lostSince !== null) {
      const restarted = state.restartedAt !== null && state.restartedAt !== shownRestart;
      shownRestart = state.restartedAt;
      note('good', restarted ? 'Connected again: the controller was restarted at ' : 'Connected again after ',
        restarted ? timeTag(state.restartedAt) : duration((Date.now() - lostSince) / 1000), '.');
      lostSince = null;
      clear = setTimeout(() => note('', ''), restarted ? 30_000 : 8000);
    }
  });
}
