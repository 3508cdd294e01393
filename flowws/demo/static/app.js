// The page: shows what the feed says, and asks the feed for what the visitor wants.

import { PeopleFeed } from "./feed.js";

const UPDATES_KEPT = 100;
const STATES = { connecting: "Connecting", live: "Live", waiting: "Reconnecting", stopped: "Stopped", refused: "Refused" };
const STALE = {
  saves: "You asked for saves only: whoever is deleted meanwhile stays on this list.",
  deletes: "You asked for deletes only: whoever is saved meanwhile is not on this list.",
};

const $ = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const address = new URL("people", location.href);
address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
address.hash = address.search = "";

const feed = new PeopleFeed(address.href, document.querySelector("#filter input:checked").value);
const people = new Map(); // id -> the person's <li>
let editing = null; // the id of the person in the form, or null for a new one
let countdown = 0;

// From the feed.

feed.onmessage = (message) => {
  switch (message.type) {
    case "snapshot":
      return showEverybody(message);
    case "saved": {
      const verb = people.has(message.person.id) ? "changed" : "added";
      showPerson(message.person, true);
      return showUpdate("saved", message.person, verb);
    }
    case "deleted":
      removePerson(message.person.id);
      return showUpdate("deleted", message.person, "deleted");
  }
};

feed.onstate = (state, detail) => {
  clearInterval(countdown);
  $("state").dataset.state = state;
  $("state-text").textContent = STATES[state];
  $("countdown").textContent = "";
  $("stop").textContent = state === "stopped" || state === "refused" ? "Start" : "Stop";
  document.body.classList.toggle("away", state !== "live");
  if (state === "waiting") countDown(detail);
  if (state === "refused") $("countdown").textContent = detail;
};

function countDown(seconds) {
  const end = performance.now() + seconds * 1000;
  const show = () => {
    $("countdown").textContent = `in ${Math.max(1, Math.ceil((end - performance.now()) / 1000))} s`;
  };
  show();
  countdown = setInterval(show, 250);
}

// The list.

function showEverybody({ filter, people: everybody }) {
  people.clear();
  $("people").replaceChildren();
  for (const person of everybody) showPerson(person);
  if (filter !== feed.filter) return; // asked for another one meanwhile: its snapshot is on the way
  document.querySelector(`#filter input[value=${filter}]`).checked = true;
  $("updates").dataset.filter = filter;
  $("stale").hidden = !(filter in STALE);
  $("stale").textContent = STALE[filter] ?? "";
  showCount();
}

function showPerson(person, fresh = false) {
  const item = people.get(person.id) ?? $("person").content.firstElementChild.cloneNode(true);
  item.dataset.id = person.id;
  item.querySelector(".face").textContent = initials(person.name);
  item.querySelector(".face").dataset.hue = person.id % 6;
  item.querySelector(".name").textContent = person.name;
  item.querySelector(".city").textContent = person.city;
  button(item.querySelector(".edit"), `Edit ${person.name}`, () => edit(person));
  button(item.querySelector(".delete"), `Delete ${person.name}`, () => tell(() => feed.delete(person.id)));
  if (!people.has(person.id)) $("people").prepend(item);
  people.set(person.id, item);
  if (fresh) flash(item);
  showCount();
}

function button(element, label, action) {
  element.setAttribute("aria-label", label);
  element.title = label;
  element.onclick = action;
}

function removePerson(id) {
  const item = people.get(id);
  if (item?.contains(document.activeElement)) {
    const neighbour = item.nextElementSibling ?? item.previousElementSibling;
    (neighbour?.querySelector(".delete") ?? $("name")).focus(); // the keyboard stays where it was
  }
  item?.remove();
  people.delete(id);
  if (editing === id) edit(null);
  showCount();
}

function showCount() {
  $("count").textContent = people.size || "";
  $("nobody").hidden = people.size > 0;
}

const initials = (name) => name.split(" ").map(([letter]) => letter).filter((_, i, all) => i === 0 || i === all.length - 1).join("");

function flash(item) {
  item.classList.remove("fresh");
  void item.offsetWidth; // starts the animation again
  item.classList.add("fresh");
}

// The updates.

function showUpdate(type, person, verb) {
  const item = $("update").content.firstElementChild.cloneNode(true);
  const name = document.createElement("bdi");
  name.textContent = person.name;
  item.dataset.type = type;
  item.dataset.id = person.id;
  item.querySelector(".what").append(name, ` was ${verb}`);
  item.querySelector("time").textContent = clock.format();
  item.querySelector("time").dateTime = new Date().toISOString();
  $("updates").prepend(item);
  $("updates").children[UPDATES_KEPT]?.remove();
  $("silence").hidden = true;
}

// From the visitor.

$("filter").onchange = (event) => {
  feed.filter = event.target.value;
};

$("form").onsubmit = async (event) => {
  event.preventDefault();
  const { name, city } = Object.fromEntries(new FormData($("form")));
  const id = editing;
  if (!(await tell(() => feed.save(name, city, id)))) return $("name").focus();
  if (editing === id) edit(null);
  $("name").focus();
};

$("cancel").onclick = () => edit(null);

$("stop").onclick = () => ($("stop").textContent === "Stop" ? feed.stop() : feed.start());

function edit(person) {
  editing = person?.id ?? null;
  $("name").value = person?.name ?? "";
  $("city").value = person?.city ?? "";
  $("save").textContent = person ? "Save" : "Add";
  $("cancel").hidden = !person;
  $("problem").textContent = "";
  if (person) $("name").focus();
}

// Runs a command; shows what was wrong with it, if anything.
async function tell(command) {
  try {
    await command();
    $("problem").textContent = "";
    return true;
  } catch (error) {
    $("problem").textContent = `${error.message[0].toUpperCase()}${error.message.slice(1)}.`;
    return false;
  }
}

$("command").textContent = `flowws tail ${address.href}`;
feed.start();
