// Saves and deletes, over a connection of their own that is opened for the first of them. The messages are described in
// messages.py.

export class Commands {
  #address;
  #socket = null;
  #answers = []; // one {resolve, reject} for each that is not answered yet: answers come in order

  constructor(address) {
    this.#address = address;
    addEventListener("pagehide", () => this.close());
  }

  save(name, city, id = null) {
    return this.#ask({ type: "save", name, city, id });
  }

  delete(id) {
    return this.#ask({ type: "delete", id });
  }

  close() {
    this.#socket?.close(1000);
  }

  #ask(command) {
    return new Promise((resolve, reject) => {
      if ((this.#socket?.readyState ?? WebSocket.CLOSED) > WebSocket.OPEN) this.#open();
      const socket = this.#socket;
      const send = () => socket.send(JSON.stringify(command));
      this.#answers.push({ resolve, reject });
      if (socket.readyState === WebSocket.OPEN) send();
      else socket.addEventListener("open", send);
    });
  }

  #open() {
    const answers = (this.#answers = []);
    let problem = "Not connected";
    this.#socket = new WebSocket(this.#address);
    this.#socket.onopen = () => (problem = "The connection was lost before the answer came");
    this.#socket.onmessage = ({ data }) => {
      const answer = JSON.parse(data);
      if (answer.type === "committed") answers.shift().resolve(answer);
      else answers.shift().reject(new Error(answer.message));
    };
    this.#socket.onclose = () => {
      for (const { reject } of answers.splice(0)) reject(new Error(problem));
    };
  }
}
