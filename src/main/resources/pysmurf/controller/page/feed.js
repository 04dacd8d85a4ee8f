/**
 * Where a session's lines come from. A session that began while this page watched: from the events. Any other: from its log, which
 * has every line; the log of a running one is followed. Lines lost on the way are told, and can be had from the log.
 */
import {Problem, request} from './api.js';
import {state} from './state.js';

/** Beyond this a log is not read here: over a slow link it would only ever be late. */
const MOST_CHARS = 24 * 1024 * 1024;
const LOOK_AGAIN_MS = 2000;

/** What a line shows when a terminal has written it over as often as its carriage returns say. */
function asItEnds(line) {
  const text = line.replace(/\r+$/, '');
  return text.slice(text.lastIndexOf('\r') + 1);
}

export class Feed {

  /** @param sink has lines(lines), note(text), restart() */
  constructor(session, sink) {
    this.session = session;
    this.sink = sink;
    this.closed = false;
    this.nextSeq = 0;
    this.reading = null;
    this.off = [];
    // events only tell from now on: before this the session must not have printed anything
    if (session.status === 'starting' && state.connection === 'live') {
      this.#listen();
    } else {
      this.#readLog();
    }
  }

  close() {
    this.closed = true;
    this.reading?.abort();
    this.#deaf();
  }

  #deaf() {
    this.off.forEach(stop => stop());
    this.off = [];
  }

  #listen() {
    this.off = [
      state.on('output', batch => this.#batch(batch)),
      state.on('connection', () => {
        if (state.connection === 'live') {
          this.#fromLog();
        }
      }),
    ];
  }

  #batch(batch) {
    if (batch.dropped !== undefined) {
      this.sink.note(`… ${batch.dropped} lines did not get here over this link; the log has them …`);
      this.nextSeq = null;
    } else if (batch.session_id === this.session.session_id) {
      if (this.nextSeq !== null && batch.seq > this.nextSeq) {
        this.#fromLog();
        return;
      }
      this.nextSeq = batch.seq + 1;
      this.sink.lines(batch.lines);
    }
  }

  /** From the beginning, by the log. */
  #fromLog() {
    this.#deaf();
    this.sink.restart();
    this.#readLog();
  }

  async #readLog() {
    this.reading?.abort();
    this.reading = new AbortController();
    const running = this.session.status !== 'done';
    try {
      const path = `/api/v1/sessions/${this.session.session_id}/log${running ? '?follow=true' : ''}`;
      const response = await request(path, {signal: this.reading.signal});
      await this.#pump(response.body.pipeThrough(new TextDecoderStream()).getReader());
    } catch (fault) {
      if (this.closed || fault.name === 'AbortError') {
        return;
      }
      if (fault instanceof Problem && fault.status === 404) {
        this.sink.note('No log was kept.');
      } else if (state.sessions.get(this.session.session_id)?.status === 'done' && fault instanceof Problem && fault.status !== 0) {
        this.sink.note(`The log cannot be read: ${fault.message}`);
      } else {
        setTimeout(() => this.closed || this.#fromLog(), LOOK_AGAIN_MS);
      }
    }
  }

  async #pump(reader) {
    let rest = '';
    let chars = 0;
    for (;;) {
      const {done, value} = await reader.read();
      if (this.closed) {
        return;
      }
      if (done) {
        if (rest !== '') {
          this.sink.lines([asItEnds(rest)]);
        }
        return;
      }
      const lines = (rest + value).split('\n');
      rest = lines.pop();
      const shown = lines.map(asItEnds);
      if (rest.includes('\r')) {
        // a progress bar as it is now; what it was before is not kept
        shown.push(`${asItEnds(rest)}\r`);
        rest = `\r${asItEnds(rest)}${rest.endsWith('\r') ? '\r' : ''}`;
      }
      if (shown.length > 0) {
        this.sink.lines(shown);
      }
      chars += value.length;
      if (chars > MOST_CHARS) {
        this.#tooMuch();
        return;
      }
    }
  }

  #tooMuch() {
    this.reading.abort();
    if (this.session.status === 'done') {
      this.sink.note('… the log is longer than is shown here: download it …');
    } else {
      this.sink.note('… some lines are not shown here, the log has them; what follows is live …');
      this.nextSeq = null;
      this.off = [state.on('output', batch => this.#batch(batch))];
    }
  }
}
