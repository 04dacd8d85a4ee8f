/** A session's output with its tools: follow, pause, search. */
import {downloadLink} from './api.js';
import {eachFrame, el, say} from './dom.js';
import {Feed} from './feed.js';
import {count} from './format.js';
import {LineList} from './lines.js';

export class OutputPanel {

  constructor() {
    this.matches = [];
    this.at = -1;
    this.searched = 0;
    this.held = [];
    this.paused = false;
    this.list = new LineList('Output', follow => this.#showFollow(follow));
    this.followButton = el('button', {type: 'button', class: 'small toggle', 'aria-pressed': 'true', text: 'Follow',
      on: {click: () => this.#setFollow(!this.list.follow)}});
    this.pauseButton = el('button', {type: 'button', class: 'small toggle', 'aria-pressed': 'false', text: 'Pause',
      on: {click: () => this.#setPaused(!this.paused)}});
    this.info = el('span', {class: 'faint output-info'});
    this.found = el('span', {class: 'faint', role: 'status', 'aria-live': 'polite'});
    this.search = el('input', {type: 'search', class: 'search', placeholder: 'Search output', 'aria-label': 'Search output',
      on: {input: () => this.#search(), keydown: event => this.#key(event)}});
    this.log = el('a', {class: 'button small', text: 'Download log'});
    this.element = el('section', {class: 'card output', 'aria-label': 'Output'},
      el('div', {class: 'output-tools'},
        el('h2', {text: 'Output'}), this.info, el('span', {class: 'grow'}),
        this.search,
        el('button', {type: 'button', class: 'small', text: '↑', 'aria-label': 'Previous match', on: {click: () => this.#step(-1)}}),
        el('button', {type: 'button', class: 'small', text: '↓', 'aria-label': 'Next match', on: {click: () => this.#step(1)}}),
        this.found, this.followButton, this.pauseButton, this.log),
      this.list.element);
    this.paintInfo = eachFrame(() => this.#paintInfo());
    this.feed = null;
  }

  /** Shows the output of this session from now on. */
  open(session) {
    if (this.feed?.session.session_id === session.session_id) {
      this.feed.session = session;
      return;
    }
    this.feed?.close();
    this.#reset();
    this.#setPaused(false);
    this.#setFollow(true);
    const fresh = downloadLink(el('a', {class: 'button small', text: 'Download log'}),
      `/api/v1/sessions/${session.session_id}/log`, `session-${session.session_id}.log`);
    this.log.replaceWith(fresh);
    this.log = fresh;
    this.feed = new Feed(session, {
      lines: lines => this.#add(lines),
      note: text => this.#flushThen(() => this.list.addNote(text)),
      restart: () => this.#reset(),
    });
    this.paintInfo();
  }

  close() {
    this.feed?.close();
    this.list.close();
  }

  #reset() {
    this.list.clear();
    this.held = [];
    this.matches = [];
    this.at = -1;
    this.searched = 0;
    this.#search();
    this.paintInfo();
  }

  #add(lines) {
    if (this.paused) {
      for (const line of lines) {
        this.held.push(line);
      }
    } else {
      this.#append(lines);
    }
    this.paintInfo();
  }

  #append(lines) {
    if (this.list.unfinished && lines.length > 0) {
      this.searched = Math.min(this.searched, this.list.lines.length - 1);
      this.matches = this.matches.filter(index => index < this.searched);
    }
    const gone = this.list.add(lines);
    if (gone > 0) {
      this.matches = this.matches.map(index => index - gone).filter(index => index >= 0);
      this.searched = Math.max(0, this.searched - gone);
      this.at = -1;
    }
    this.#searchOn();
  }

  #flushThen(action) {
    this.#append(this.held);
    this.held = [];
    action();
  }

  #setPaused(paused) {
    this.paused = paused;
    this.pauseButton.setAttribute('aria-pressed', String(paused));
    this.pauseButton.textContent = paused ? 'Go on' : 'Pause';
    if (!paused) {
      this.#flushThen(() => {});
    }
    this.paintInfo();
  }

  #setFollow(follow) {
    this.list.setFollow(follow);
    this.#showFollow(follow);
  }

  #showFollow(follow) {
    this.followButton.setAttribute('aria-pressed', String(follow));
  }

  #paintInfo() {
    const lines = this.list.lines.length + this.list.forgotten;
    say(this.info, `${count(lines)} lines${this.held.length > 0 ? `, ${count(this.held.length)} more waiting` : ''}`
      + `${this.list.forgotten > 0 ? `, the first ${count(this.list.forgotten)} not kept here` : ''}`);
  }

  #search() {
    this.matches = [];
    this.searched = 0;
    this.at = -1;
    this.list.match = null;
    this.list.paint();
    this.#searchOn();
  }

  /** Looks through what has come since the last look only. */
  #searchOn() {
    const wanted = this.search.value.toLowerCase();
    if (wanted === '') {
      say(this.found, '');
      return;
    }
    const lines = this.list.lines;
    for (let index = this.searched; index < lines.length; index += 1) {
      if (lines[index].toLowerCase().includes(wanted)) {
        this.matches.push(index);
      }
    }
    this.searched = lines.length;
    this.#paintFound();
  }

  #paintFound() {
    say(this.found, this.matches.length === 0 ? 'none found'
      : this.at < 0 ? `${count(this.matches.length)} found` : `${count(this.at + 1)} of ${count(this.matches.length)}`);
  }

  #key(event) {
    if (event.key === 'Enter') {
      event.preventDefault();
      this.#step(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape') {
      this.search.value = '';
      this.#search();
    }
  }

  #step(by) {
    if (this.matches.length === 0) {
      return;
    }
    const from = this.at < 0 ? (by > 0 ? -1 : 0) : this.at;
    this.at = (from + by + this.matches.length) % this.matches.length;
    this.list.show(this.matches[this.at]);
    this.#paintFound();
  }
}
