// flowws.js: live feeds in a browser. One ES module, nothing to build. Its types are in flowws.d.ts, its messages in
// docs/feed-protocol.md.
//
//   import { connect } from "/flowws.js";
//
//   const people = connect("/people").subscribe("", { filter: "saves", onSnapshot, onUpdate, onGap, onState });
//   await people.setFilter(["eq", "person.city", "London"]);
//   people.close();
//
// A lost connection comes back by itself, and every subscription goes on where it was: each update comes exactly once, or a gap
// says what is missing. All durations are seconds.

const POLICY = {
  first: 0.1, // The longest wait before the first attempt to come back,
  factor: 2, // by how much the waits grow with each attempt that fails,
  longest: 30, // and what none of them exceeds. Chance says how much of it is waited: not everybody comes back at once.
  retries: Infinity,
  stableAfter: 10, // A connection that has lasted so long lets the attempts start anew.
  staleAfter: 30, // Silence that is taken for trouble. The connection is given up after as long again.
  isFatal: (code) => [1002, 1003, 1007, 1008, 1009, 1010].includes(code) || (code >= 4000 && code < 5000),
};
const MOST_OF_A_FILTER = 48 * 1024; // Bytes: a server reads no message of more than 64 KiB, and so could not say whose it was.
const CLOSED = Object.freeze({ name: "closed", cause: null });

export class FeedError extends Error {
  name = "FeedError";

  // `code` is a word of the protocol, such as "bad-filter", or the number of a Close frame.
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

export function connect(url, { policy = {} } = {}) {
  for (const name of Object.keys(policy)) {
    if (!(name in POLICY)) throw new TypeError(`a policy has no ${JSON.stringify(name)}`);
  }
  return new FeedConnection(url, { ...POLICY, ...policy });
}

// Several subscriptions over one WebSocket. It is open, or on its way to be, while there is a subscription.
class FeedConnection {
  #address;
  #policy;
  #subscriptions = new Map(); // by id
  #lastId = 0;
  #state = CLOSED;
  #socket = null;
  #openedAt = Infinity;
  #attempts = 0;
  #retry = 0; // a timer, as is the next one
  #watch = 0;
  #silence = 0; // how often the watch has looked since something was heard
  #listening = null;

  constructor(url, policy) {
    this.#address = new URL(url, globalThis.location?.href);
    this.#address.protocol = this.#address.protocol.replace("http", "ws");
    this.#address.hash = "";
    this.#policy = policy;
  }

  get state() {
    return this.#state;
  }

  subscribe(topic = "", options = {}) {
    if (typeof topic !== "string" || /\p{Surrogate}/u.test(topic)) {
      throw new TypeError(`a topic is a text, not ${JSON.stringify(topic)}`);
    }
    const id = ++this.#lastId;
    const wire = { send: (message) => this.#send(message), leave: () => this.#leave(id) };
    const subscription = new Subscription(id, topic, options, wire);
    if (subscription.state.name === "closed") return subscription;
    if (this.#subscriptions.size === 0) this.#begin();
    this.#subscriptions.set(id, subscription);
    subscription._greet();
    return subscription;
  }

  close() {
    this.#end(null);
  }

  // From the first subscription to the last.

  #begin() {
    this.#attempts = 0;
    this.#open(); // first, as it raises what a browser has against the address
    this.#listening = new AbortController();
    const on = (target, type, act) => target?.addEventListener?.(type, act, { signal: this.#listening.signal });
    on(globalThis, "offline", () => this.#state.name === "open" && this.#become({ name: "stale", since: new Date() }));
    on(globalThis, "online", () => this.#hurry());
    on(globalThis.document, "visibilitychange", () => document.hidden || this.#hurry());
    // A browser may keep a page that was left, to come back to it: the server need not keep its connection.
    on(globalThis, "pagehide", () => {
      this.#drop();
      this.#become({ name: "connecting" }); // once it is shown again
    });
    on(globalThis, "pageshow", (event) => event.persisted && this.#open());
  }

  #open() {
    this.#drop();
    const socket = (this.#socket = new WebSocket(this.#address));
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = (event) => this.#lost(event);
    this.#silence = 0;
    this.#watch = setInterval(() => this.#look(), this.#policy.staleAfter * 500);
    this.#become({ name: "connecting" });
  }

  #opened() {
    this.#openedAt = performance.now();
    this.#become({ name: "open" });
    for (const subscription of this.#subscriptions.values()) subscription._greet();
  }

  #lost({ code, reason }) {
    const { first, factor, longest, retries, stableAfter, isFatal } = this.#policy;
    if (performance.now() - this.#openedAt >= stableAfter * 1000) this.#attempts = 0;
    this.#drop();
    const cause = new FeedError(reason || `the connection was lost: ${code}`, code);
    if (isFatal(code) || this.#attempts >= retries) return this.#end(cause);
    const delay = Math.random() * Math.min(longest, first * factor ** this.#attempts++);
    this.#retry = setTimeout(() => this.#open(), delay * 1000);
    this.#become({ name: "backoff", attempt: this.#attempts, delay, cause });
  }

  #leave(id) {
    if (this.#subscriptions.delete(id) && this.#subscriptions.size === 0) this.#rest(CLOSED);
  }

  #end(cause) {
    const subscriptions = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    this.#rest({ name: "closed", cause });
    for (const subscription of subscriptions) subscription._end(cause);
  }

  #rest(state) {
    this.#listening?.abort();
    this.#drop();
    this.#state = state;
  }

  #drop() {
    clearTimeout(this.#retry);
    clearInterval(this.#watch);
    this.#openedAt = Infinity;
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }

  #become(state) {
    this.#state = state;
    for (const subscription of [...this.#subscriptions.values()]) subscription._connectionIs(state);
  }

  // What is said.

  #send(message) {
    if (this.#state.name === "open" || this.#state.name === "stale") this.#socket?.send(JSON.stringify(message));
  }

  #received(text) {
    this.#silence = 0;
    if (this.#state.name === "stale") this.#become({ name: "open" });
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return this.#end(new FeedError("what the server says is no feed", "bad-message"));
    }
    this.#subscriptions.get(message?.id)?._received(message);
  }

  // Silence. A page can neither ping nor see a pong: it ends a subscription that there is not, and any answer is one.

  #look() {
    const { name } = this.#state;
    const looks = ++this.#silence;
    if (looks === 2) this.#send({ unsubscribe: 0 });
    if (looks === 3 && name === "open") this.#become({ name: "stale", since: new Date() });
    if (looks === (name === "connecting" ? 3 : 5)) this.#lost({ code: 1006, reason: "the server is silent" });
  }

  // The network is back, or somebody looks at the page again: this is no time to wait.
  #hurry() {
    if (this.#state.name === "backoff" || this.#state.name === "stale") this.#open();
    else if (this.#socket !== null) this.#send({ unsubscribe: 0 });
  }
}

// One feed under one filter. Its methods that begin with an underscore are the connection's.
class Subscription {
  #id;
  #options;
  #wire;
  #filter = null; // the one in force
  #switches = []; // those that are asked for and not in force yet, the next one first
  #epoch = null; // null: there is nothing to resume from
  #offset = 0;
  #snapshotIsDue = false;
  #state = { name: "connecting" };
  #open = null; // the state to go back to after "stale"; null: not subscribed on this connection
  #readers = new Set();

  constructor(id, topic, options, wire) {
    this.topic = topic;
    this.#id = id;
    this.#options = options;
    this.#wire = wire;
    if (!/^\d+-\d+$/.test(options.after ?? "0-0")) {
      throw new TypeError(`a position is like "1795245816711-42", not ${JSON.stringify(options.after)}`);
    }
    this.#isAt(options.after);
    try {
      this.#filter = copyOf(options.filter ?? null);
    } catch (cause) {
      // As if the server had refused it. The listener is told once the page has the subscription in hand.
      this.#state = { name: "closed", cause };
      queueMicrotask(() => tell(options.onState, this.#state));
    }
  }

  get state() {
    return this.#state;
  }

  get filter() {
    return this.#filter;
  }

  get position() {
    return this.#epoch === null ? null : `${this.#epoch}-${this.#offset}`;
  }

  setFilter(filter = null) {
    return new Promise((resolve, reject) => {
      if (this.#state.name === "closed") return reject(new FeedError("the subscription is closed", "closed"));
      const wanted = copyOf(filter);
      this.#switches.push({ filter: wanted, resolve, reject });
      this.#wire.send({ filter: wanted, id: this.#id });
    });
  }

  close() {
    if (this.#state.name === "closed") return;
    this.#wire.send({ unsubscribe: this.#id });
    this._end(null);
  }

  // The items of each snapshot one by one, and the updates, from now on. Leaving the loop closes the subscription. What the
  // loop has not taken yet waits in memory: a page cannot make a server wait.
  async *[Symbol.asyncIterator]() {
    const reader = { values: [], wake: () => {} };
    this.#readers.add(reader);
    try {
      while (true) {
        yield* reader.values.splice(0);
        if (reader.values.length > 0) continue;
        if (this.#state.name === "closed") break;
        await new Promise((wake) => (reader.wake = wake));
      }
      if (this.#state.cause !== null) throw this.#state.cause;
    } finally {
      this.#readers.delete(reader);
      this.close();
    }
  }

  // A filter that is not in force yet is asked for again, behind the one that is: the server switches as if the connection had not
  // been lost.
  _greet() {
    this.#open = null;
    this.#wire.send({
      subscribe: this.topic,
      id: this.#id,
      filter: this.#filter ?? undefined,
      after: this.position ?? undefined,
    });
    for (const { filter } of this.#switches) this.#wire.send({ filter, id: this.#id });
  }

  _connectionIs(state) {
    if (this.#state.name === "closed") return; // by a listener that was told of it before
    if (state.name === "open") return this.#open && this.#become(this.#open);
    if (state.name !== "stale") this.#open = null;
    if (state.name !== "stale" || this.#state.name === "open") this.#become(state);
  }

  _received(message) {
    const { onSnapshot, onUpdate, onGap } = this.#options;
    if ("update" in message) {
      this.#isAt(message.at);
      this.#give([message.update]);
      tell(onUpdate, message.update);
    } else if ("snapshot" in message) {
      this.#snapshotIsDue = false;
      this.#isAt(message.at);
      this.#give(message.snapshot);
      tell(onSnapshot, message.snapshot);
    } else if ("gap" in message) {
      this.#snapshotIsDue ||= message.then === "snapshot";
      this.#isAt(this.#snapshotIsDue ? null : message.at);
      tell(onGap, { missed: message.gap, reason: message.reason });
    } else if ("progress" in message) {
      this.#isAt(message.progress);
    } else if ("subscribed" in message) {
      if (message.resumed) {
        this.#snapshotIsDue = false;
        if (message.at) this.#isAt(message.at); // where it was; in an epoch, perhaps, that has begun since
      } else this.#beginsBehind(message.at);
      this.#open = { name: "open", resumed: message.resumed };
      this.#become(this.#open);
    } else if ("filter" in message) {
      const next = this.#switches.shift();
      this.#filter = message.filter;
      this.#epoch = null;
      this.#beginsBehind(message.at);
      next?.resolve();
    } else if ("end" in message) {
      this._end(message.end === null ? null : new FeedError(message.end, "ended"));
    } else if ("error" in message) {
      this.#refused(new FeedError(message.error, message.code));
    }
  }

  _end(cause) {
    if (this.#state.name === "closed") return;
    this.#wire.leave();
    for (const { reject } of this.#switches.splice(0)) {
      reject(cause ?? new FeedError("the subscription was closed", "closed"));
    }
    this.#become({ name: "closed", cause });
    for (const reader of this.#readers) reader.wake();
  }

  #refused(error) {
    if (this.#open === null || error.code === "failed") this._end(error);
    else this.#switches.shift()?.reject(error); // the filter in force stays
  }

  // Where there is a position still, a gap comes first: who is lost before it has come asks from there again, and is told of it.
  #beginsBehind(at) {
    this.#snapshotIsDue = !at;
    if (this.#epoch === null) this.#isAt(at);
  }

  // An offset of the epoch that is known, or both; or nothing, while a snapshot is due that must not be missed.
  #isAt(at) {
    if (typeof at === "number") this.#offset = at;
    else [this.#epoch, this.#offset] = at?.split("-") ?? [null, 0];
  }

  #give(values) {
    for (const reader of this.#readers) {
      for (const value of values) reader.values.push(value);
      reader.wake();
    }
  }

  #become(state) {
    if (state.name === "connecting" && this.#state.name === "connecting") return;
    this.#state = state;
    tell(this.#options.onState, state);
  }
}

// A filter as the server will read it, whatever the page does with its own one later. What JSON cannot carry is refused here: a
// server that cannot read a message does not know whose it is, and its error would reach nobody. Nor does NaN become null, which
// would be another filter.
function copyOf(filter) {
  let json;
  try {
    json = JSON.stringify(filter, (_, value) => {
      if (["string", "boolean", "object"].includes(typeof value) || Number.isFinite(value)) return value;
      throw new TypeError(`${String(value).slice(0, 40)} (${typeof value})`);
    });
  } catch (error) {
    throw new FeedError(`JSON cannot carry this filter: ${error.message}`, "bad-filter"); // a circle, too
  }
  // Half of an emoji, say, is written as an escape; behind an odd number of backslashes it is a text that looks like one.
  const half = json.match(/[^\\](?:\\\\)*(\\ud\w{3})/);
  if (half) throw new FeedError(`JSON cannot carry this filter: half of a character, "${half[1]}"`, "bad-filter");
  if (new Blob([json]).size > MOST_OF_A_FILTER) throw new FeedError("a filter is at most 48 KiB of JSON", "bad-filter");
  let depth = 0;
  for (const each of json.replace(/"(\\.|[^"\\])*"/g, "")) {
    depth += "[{".includes(each) - "]}".includes(each);
    if (depth > 64) throw new FeedError("a filter is at most 8 levels deep", "bad-filter"); // beyond that the server says so
  }
  return JSON.parse(json);
}

// What goes wrong in a function of the page is the page's: it must not keep the next one from being told.
function tell(listener, ...news) {
  try {
    listener?.(...news);
  } catch (error) {
    reportError(error);
  }
}
