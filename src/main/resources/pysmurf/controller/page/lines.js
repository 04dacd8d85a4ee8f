/**
 * A list of output lines of which only those in sight are in the document, so that it is as quick with a hundred thousand lines
 * as with ten. Rows have one height, hence no line is wrapped.
 */
import {eachFrame, el} from './dom.js';

const ROW_PX = 19;
const SPARE_ROWS = 30;
/** More than this and the oldest go: the browser has other things to do. */
const MOST_LINES = 500_000;
const MOST_CHARS_SHOWN = 4000;
// eslint-disable-next-line no-control-regex
const TERMINAL_CODES = /\u001b\[[0-9;?]*[A-Za-z]|\r$/g;

export class LineList {

  /** @param onFollow is told when scrolling begins or ends to follow */
  constructor(label, onFollow) {
    this.lines = [];
    this.notes = new Set();
    this.forgotten = 0;
    this.follow = true;
    this.match = null;
    this.onFollow = onFollow;
    this.rows = el('div', {class: 'lines-rows'});
    this.space = el('div', {class: 'lines-space'}, this.rows);
    this.element = el('div', {class: 'lines', tabindex: '0', role: 'region', 'aria-label': label}, this.space);
    this.paint = eachFrame(() => this.#paint());
    this.element.addEventListener('scroll', () => this.#scrolled(), {passive: true});
    this.resized = new ResizeObserver(() => this.paint());
    this.resized.observe(this.element);
  }

  close() {
    this.resized.disconnect();
  }

  clear() {
    this.lines = [];
    this.notes.clear();
    this.forgotten = 0;
    this.paint();
  }

  /** Whether the last line is a progress bar, whose place the next line takes. */
  get unfinished() {
    return this.lines.at(-1)?.endsWith('\r') === true;
  }

  /** Adds lines; returns how many old ones had to go. */
  add(lines) {
    for (const line of lines) {
      if (this.unfinished) {
        this.lines.pop();
      }
      this.lines.push(line);
    }
    let gone = 0;
    if (this.lines.length > MOST_LINES) {
      gone = this.lines.length - MOST_LINES + MOST_LINES / 10;
      this.lines = this.lines.slice(gone);
      this.forgotten += gone;
      this.notes = new Set([...this.notes].map(index => index - gone).filter(index => index >= 0));
    }
    this.paint();
    return gone;
  }

  /** Adds a line of the page's own, not the script's. */
  addNote(text) {
    const gone = this.add([text]);
    this.notes.add(this.lines.length - 1);
    return gone;
  }

  setFollow(follow) {
    this.follow = follow;
    this.paint();
  }

  /** Brings a line into the middle. */
  show(index) {
    this.match = index;
    this.follow = false;
    this.element.scrollTop = index * ROW_PX - this.element.clientHeight / 2;
    this.onFollow(false);
    this.paint();
  }

  #scrolled() {
    const atEnd = this.element.scrollTop + this.element.clientHeight >= this.space.offsetHeight - ROW_PX;
    if (!this.painting && atEnd !== this.follow) {
      this.follow = atEnd;
      this.onFollow(atEnd);
    }
    this.paint();
  }

  #paint() {
    this.painting = true;
    this.space.style.height = `${this.lines.length * ROW_PX}px`;
    if (this.follow) {
      this.element.scrollTop = this.lines.length * ROW_PX;
    }
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW_PX) - SPARE_ROWS);
    const last = Math.min(this.lines.length, first + Math.ceil(this.element.clientHeight / ROW_PX) + 2 * SPARE_ROWS);
    this.rows.style.transform = `translateY(${first * ROW_PX}px)`;
    const shown = [];
    for (let index = first; index < last; index += 1) {
      shown.push(this.#row(index));
    }
    this.rows.replaceChildren(...shown);
    // the scroll event of this very painting comes with the next frame
    requestAnimationFrame(() => { this.painting = false; });
  }

  #row(index) {
    const line = this.lines[index];
    const text = line.length > MOST_CHARS_SHOWN
      ? `${line.slice(0, MOST_CHARS_SHOWN)} … (${line.length - MOST_CHARS_SHOWN} more characters)` : line;
    const kind = this.notes.has(index) ? ' note' : index === this.match ? ' found' : '';
    return el('div', {class: `line${kind}`, text: text.replace(TERMINAL_CODES, '') || ' '});
  }
}
