// The people feed: a WebSocket that says what state it is in and comes back when it is lost.
// The messages are described in messages.py.

const FIRST_DELAY = 0.5; // seconds; doubled at each try that fails
const LONGEST_DELAY = 15;
const STOP_PATIENCE = 3;

export class PeopleFeed {
  // Told of every message that is not the answer to a command, and of every change of state:
  // "connecting", "live", "waiting" (with the seconds until the next try), "stopped" or "refused" (with the reason).
  onmessage = (_message) => {};
  onstate = (_state, _detail) => {};

  #address;
  #filter;
  #socket = null;
  #failures = 0;
  #retry = 0;
  #answers = []; // one {resolve, reject} for each save and delete that is not answered yet: answers come in order

  constructor(address, filter) {
    this.#address = address;
    this.#filter = filter;
    addEventListener("online", () => this.#retry && this.start());
    // A browser may keep a page that was left, and its connection with it, to come back to: the server need not wait.
    let left = false;
    addEventListener("pagehide", () => {
      left = this.#retry > 0 || (this.#socket !== null && this.#socket.readyState !== WebSocket.CLOSED);
      if (left) this.#abandon();
    });
    addEventListener("pageshow", () => left && this.start());
  }

  start() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.onstate("connecting");
    const socket = new WebSocket(`${this.#address}?filter=${encodeURIComponent(this.#filter)}`);
    socket.onmessage = (event) => this.#received(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(event);
    this.#socket = socket;
  }

  stop() {
    if (this.#retry || this.#socket?.readyState === WebSocket.CONNECTING) {
      this.#abandon();
      this.onstate("stopped");
    } else {
      const socket = this.#socket;
      this.#send({ type: "stop" }); // the server closes with 1000
      setTimeout(() => socket.close(1000), STOP_PATIENCE * 1000);
    }
  }

  get filter() {
    return this.#filter;
  }

  set filter(filter) {
    this.#filter = filter; // a new connection starts with it
    if (this.#socket?.readyState === WebSocket.OPEN) this.#send({ type: "filter", filter });
  }

  save(name, city, id = null) {
    return this.#ask({ type: "save", name, city, id });
  }

  delete(id) {
    return this.#ask({ type: "delete", id });
  }

  #ask(command) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN) return reject(new Error("Not connected"));
      this.#answers.push({ resolve, reject });
      this.#send(command);
    });
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #received(message) {
    switch (message.type) {
      case "committed":
        this.#answers.shift()?.resolve(message);
        break;
      case "error":
        this.#answers.shift()?.reject(new Error(message.message));
        break;
      case "snapshot":
        this.#failures = 0;
        this.onstate("live");
        this.onmessage(message);
        break;
      default:
        this.onmessage(message);
    }
  }

  #closed({ code, reason }) {
    this.#giveUpOnAnswers();
    if (code === 1000) return this.onstate("stopped");
    if (code === 1008) return this.onstate("refused", reason);
    // Wait longer at each failure, and each client a little differently, so that they do not all come back at once.
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures++) * (0.5 + Math.random() / 2);
    this.#retry = setTimeout(() => this.start(), delay * 1000);
    this.onstate("waiting", delay);
  }

  #abandon() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close(1000);
    this.#giveUpOnAnswers();
  }

  #giveUpOnAnswers() {
    for (const { reject } of this.#answers.splice(0)) reject(new Error("The connection was lost before the answer came"));
  }
}
