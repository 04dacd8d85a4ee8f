/**
 * The controller's server-sent events, read by fetch because EventSource cannot send a token. Goes on by itself after a break,
 * from the last event seen, and tells how the connection is.
 */
import {Problem, request} from './api.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;
/** A comment comes every 15 s; after twice that and some the link is dead, whatever the browser thinks. */
const SILENCE_MS = 35_000;

export class Events {

  /** @param listener has sameLife(), opened(), event(name, data), closed(pauseMs) */
  constructor(listener) {
    this.listener = listener;
    this.lastId = null;
    this.pause = FIRST_PAUSE_MS;
    this.wake = () => {};
  }

  /** Reads for ever. */
  async run() {
    for (;;) {
      const reading = new AbortController();
      try {
        await this.read(reading);
      } catch (fault) {
        if (!(fault instanceof Problem) && fault.name !== 'AbortError' && fault.name !== 'TypeError') {
          console.error(fault);
        }
      }
      reading.abort();
      const pause = this.pause * (0.75 + Math.random() / 2);
      this.pause = Math.min(LONGEST_PAUSE_MS, this.pause * 2);
      this.listener.closed(pause);
      await new Promise(resolve => {
        this.wake = resolve;
        setTimeout(resolve, pause);
      });
    }
  }

  /** Tries again at once. */
  retry() {
    this.pause = FIRST_PAUSE_MS;
    this.wake();
  }

  async read(reading) {
    let watchdog = setTimeout(() => reading.abort(), SILENCE_MS);
    try {
      if (!await this.listener.sameLife()) {
        // events of a life before this one cannot be gone on from
        this.lastId = null;
      }
      const headers = this.lastId === null ? {} : {'Last-Event-ID': this.lastId};
      const response = await request('/api/v1/events', {headers, signal: reading.signal});
      this.pause = FIRST_PAUSE_MS;
      this.listener.opened();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const {done, value} = await reader.read();
        if (done) {
          return;
        }
        clearTimeout(watchdog);
        watchdog = setTimeout(() => reading.abort(), SILENCE_MS);
        const blocks = (rest + value).split('\n\n');
        rest = blocks.pop();
        blocks.forEach(block => this.take(block));
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  take(block) {
    let name = 'message';
    let data = '';
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) {
        this.lastId = line.slice(4);
      } else if (line.startsWith('event: ')) {
        name = line.slice(7);
      } else if (line.startsWith('data: ')) {
        data += line.slice(6);
      }
    }
    if (data !== '') {
      this.listener.event(name, JSON.parse(data));
    }
  }
}
