/**
 * What the page knows of the controller: kept right by events, read anew after every break. Views listen to it:
 * 'session' (detail: the session), 'output', 'progress', 'connection', 'operations', 'health', 'current'.
 */
import {get, Problem} from './api.js';
import {Events} from './events.js';

const HEALTH_EVERY_MS = 5000;
/** Sessions read at the start; each may be long, and the link slow. */
const RECENT = 10;
/** The operations that end others. */
export const ENDING = ['abort', 'stop'];
const MOST_KEPT = 200;

class State extends EventTarget {

  connection = 'connecting';
  retryAt = 0;
  lostAt = null;
  restartedAt = null;
  controller = null;
  operations = [];
  health = null;
  healthAt = null;
  status = null;
  sessions = new Map();
  #opening = 0;
  /** What events told of since they were opened: ids of sessions, and 'status'. */
  #touched = new Set();
  #events = new Events({
    sameLife: () => this.#sameLife(),
    opened: () => this.#opened(),
    event: (name, data) => this.#event(name, data),
    closed: pause => this.#closed(pause),
  });

  /** Connects, and goes on for ever. */
  start() {
    this.#events.run();
    this.#watchHealth();
    addEventListener('online', () => this.retry());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.connection !== 'live') {
        this.retry();
      }
    });
  }

  retry() {
    this.#events.retry();
  }

  on(name, listener) {
    const wrapped = event => listener(event.detail);
    this.addEventListener(name, wrapped);
    return () => this.removeEventListener(name, wrapped);
  }

  /** The session that holds the lock; null for none. */
  get current() {
    const holder = this.status?.busy ? this.sessions.get(this.status.session_id) : undefined;
    return holder === undefined || holder.status === 'done' ? null : holder;
  }

  /** The sessions that run without the lock, oldest first; no aborts and stops, which are shown with what they end. */
  get others() {
    return [...this.sessions.values()]
      .filter(one => one.status !== 'done' && !ENDING.includes(one.op_name) && one.session_id !== this.status?.session_id)
      .sort((a, b) => a.session_id - b.session_id);
  }

  /** The newest session that is done and did something: no aborts, no stops, no plans. */
  get latest() {
    const found = [...this.sessions.values()]
      .filter(one => one.status === 'done' && !ENDING.includes(one.op_name) && one.params?.dry_run !== true);
    return found.length === 0 ? null : found.reduce((a, b) => a.session_id > b.session_id ? a : b);
  }

  /** A session, from memory or the controller; newer news always replaces it. */
  async session(id) {
    const known = this.sessions.get(id);
    if (known !== undefined && known.status !== 'done') {
      return known;
    }
    const read = await get(`/api/v1/sessions/${id}?messages=5000`);
    this.#keep(read);
    return read;
  }

  /** Reads a session anew, for what comes without an event. */
  async refresh(id) {
    const read = await get(`/api/v1/sessions/${id}?messages=5000`);
    this.#take(read);
    return read;
  }

  async reloadOperations() {
    // not the sessions, which change all the time
    const described = () => JSON.stringify(this.operations.map(
      ({name, kind, description, parameters}) => [name, kind, description, parameters]));
    const before = described();
    this.operations = await get('/api/v1/operations');
    if (before !== described()) {
      this.#tell('operations');
    }
  }

  operation(name) {
    return this.operations.find(one => one.name === name);
  }

  /** Whether a session is one of a process, which runs until it is stopped. */
  isProcess(session) {
    return this.operation(session.op_name)?.kind === 'process';
  }

  /** Whether the controller is still the one that was known; of another one nothing that was known holds. */
  async #sameLife() {
    const controller = await get('/api/v1/controller');
    const same = this.controller === null || this.controller.start_time === controller.start_time;
    if (!same) {
      this.restartedAt = controller.start_time;
      this.sessions.clear();
      this.status = null;
    }
    this.controller = controller;
    return same;
  }

  async #opened() {
    // a connection that is opened again asks anew: what was asked before may be older than what events have told since
    this.#opening += 1;
    const opening = this.#opening;
    this.#touched.clear();
    try {
      const [sessions, controller] = await Promise.all([get(`/api/v1/sessions?limit=${RECENT}`), get('/api/v1/controller'),
        this.reloadOperations()]);
      const older = controller.running.filter(id => !sessions.some(one => one.session_id === id));
      sessions.push(...await Promise.all(older.reverse().map(id => get(`/api/v1/sessions/${id}`))));
      if (opening !== this.#opening) {
        return;
      }
      for (const id of [...this.sessions.keys()]) {
        if (this.sessions.get(id).status !== 'done' && !this.#touched.has(id) && !sessions.some(one => one.session_id === id)) {
          this.sessions.delete(id);
        }
      }
      sessions.filter(one => !this.#touched.has(one.session_id)).reverse().forEach(one => this.#take(one));
      if (!this.#touched.has('status')) {
        this.status = controller.status;
      }
    } catch (fault) {
      if (!(fault instanceof Problem)) {
        console.error(fault);
      }
      // it is starting, and its paths come one by one
      setTimeout(() => opening === this.#opening && this.#opened(), 1000);
      return;
    }
    this.connection = 'live';
    this.lostAt = null;
    this.#tell('connection');
    this.#tell('current');
    this.#readHealth();
  }

  #closed(pause) {
    if (this.connection === 'live') {
      this.lostAt = Date.now();
    }
    this.connection = 'lost';
    this.retryAt = Date.now() + pause;
    this.#tell('connection');
  }

  #event(name, data) {
    if (name === 'session') {
      this.#touched.add(data.session_id);
      this.#take(data);
    } else if (name === 'output') {
      this.#tell('output', data);
    } else if (name === 'data' && data.payload?.progress !== undefined) {
      const session = this.sessions.get(data.session_id);
      if (session !== undefined) {
        session.data = {...session.data, progress: data.payload.progress};
      }
      this.#tell('progress', data);
    } else if (name === 'file') {
      this.#tell('file', data);
    } else if (name === 'status') {
      this.#touched.add('status');
      this.status = data;
      this.#tell('current');
    }
  }

  #take(session) {
    this.#keep(session);
    this.#tell('session', session);
    this.#tell('current');
  }

  #keep(session) {
    this.sessions.set(session.session_id, session);
    if (this.sessions.size > MOST_KEPT) {
      // what runs stays, however old it is
      this.sessions.delete(Math.min(...[...this.sessions.values()].filter(one => one.status === 'done').map(one => one.session_id)));
    }
  }

  async #watchHealth() {
    for (;;) {
      await new Promise(resolve => setTimeout(resolve, HEALTH_EVERY_MS));
      if (this.connection === 'live' && !document.hidden) {
        await this.#readHealth();
      }
    }
  }

  async #readHealth() {
    try {
      this.health = await get('/observe/health');
    } catch (fault) {
      if (!(fault instanceof Problem) || fault.body.checks === undefined) {
        return;
      }
      this.health = fault.body;
    }
    this.healthAt = Date.now() / 1000;
    this.#tell('health');
    const names = this.health.checks?.routes?.operations;
    if (Array.isArray(names) && names.join() !== this.operations.map(one => one.name).join()) {
      await this.reloadOperations().catch(() => {});
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }
}

export const state = new State();
