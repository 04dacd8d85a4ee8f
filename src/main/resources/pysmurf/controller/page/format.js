/** Times, durations, sizes and numbers as people read them. */
import {el} from './dom.js';

const two = number => String(number).padStart(2, '0');

function clock(date, utc) {
  return utc ? `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
    : `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function day(date, utc) {
  return utc ? `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`
    : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Local time of day and UTC, for the clock. */
export function clocks(date) {
  return date.getTimezoneOffset() === 0 ? `${clock(date, true)} UTC`
    : `${clock(date, false)} local · ${clock(date, true)} UTC`;
}

/** Unix seconds as an element: local and UTC; with the day unless it is today. */
export function timeTag(seconds, withDay = false) {
  if (seconds === null || seconds === undefined) {
    return el('span', {text: '–'});
  }
  const date = new Date(seconds * 1000);
  const dated = withDay || day(date, false) !== day(new Date(), false);
  const local = (dated ? `${day(date, false)} ` : '') + clock(date, false);
  const otherDay = dated && day(date, true) !== day(date, false);
  const utc = (otherDay ? `${day(date, true)} ` : '') + clock(date, true);
  const same = date.getTimezoneOffset() === 0;
  return el('time', {datetime: date.toISOString(), title: date.toISOString()},
    same ? `${local} UTC` : local, same ? null : el('span', {class: 'utc', text: ` (${utc} UTC)`}));
}

/** Seconds as a duration. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) {
    return '–';
  }
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  }
  return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
}

/** How long ago, roughly. */
export function ago(seconds) {
  const past = Date.now() / 1000 - seconds;
  if (past < 60) {
    return 'just now';
  }
  if (past < 3600) {
    return `${Math.floor(past / 60)} min ago`;
  }
  return past < 86400 ? `${Math.floor(past / 3600)} h ago` : `${Math.floor(past / 86400)} days ago`;
}

/** Bytes. */
export function size(bytes) {
  if (bytes === null || bytes === undefined) {
    return 'unknown';
  }
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** A whole number with separators. */
export function count(number) {
  return number.toLocaleString('en-US');
}

/** Any value; numbers to four digits that count. */
export function value(any) {
  if (any === undefined) {
    return '';
  }
  if (typeof any === 'number') {
    return Number.isInteger(any) ? String(any) : String(Number(any.toPrecision(4)));
  }
  if (typeof any === 'boolean') {
    return any ? 'yes' : 'no';
  }
  return any === null ? 'none' : typeof any === 'string' ? any : JSON.stringify(any);
}

/** A state of the wire (timed_out) in words (timed out). */
export function words(name) {
  return String(name).replaceAll('_', ' ');
}

const SIGNS = {
  succeeded: '✓', up: '✓', failed: '✗', down: '✗', warned: '!', degraded: '!', partial: '◐', aborted: '■', timed_out: '⏱',
  interrupted: '⚡', running: '▶', starting: '▶', stopping: '■', skipped: '–', not_run: '·', idle: '○', unknown: '?',
};

/** A state as a sign, a word and a colour: never by colour alone. */
export function badge(state) {
  const name = state ?? 'unknown';
  return el('span', {class: `badge is-${name}`}, el('span', {'aria-hidden': 'true', text: `${SIGNS[name] ?? '·'} `}), words(name));
}

/** The sign alone. */
export function sign(state) {
  return SIGNS[state] ?? '·';
}

const TRANSPORTS = {http: 'HTTP', mqtt: 'MQTT', ocs: 'OCS'};

/** Who asked, as {transport, client}: "127.0.0.1 over HTTP", "over MQTT". */
export function asker({transport, client}) {
  if (!(transport in TRANSPORTS)) {
    return `${transport} ${client}`;
  }
  return `${client === transport ? '' : `${client} `}over ${TRANSPORTS[transport]}`;
}

/** Who asked for an abort, which is told as one text: "http 127.0.0.1". */
export function abortAsker(by) {
  const space = by.indexOf(' ');
  return asker({transport: by.slice(0, space), client: by.slice(space + 1)});
}

/** The last part of a path. */
export function fileName(path) {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Parameters in short, without those that say nothing. */
export function paramsInShort(params, schema) {
  const defaults = schema?.properties ?? {};
  return Object.entries(params ?? {})
    .filter(([name, given]) => given !== null && JSON.stringify(given) !== JSON.stringify(defaults[name]?.default))
    .filter(([, given]) => !(Array.isArray(given) && given.length === 0))
    .map(([name, given]) => `${name} ${Array.isArray(given) ? given.join(', ') : value(given)}`).join(' · ');
}
