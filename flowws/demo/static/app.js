// The page: shows what the feed says, and asks for what the visitor wants.

import { Commands } from "./commands.js";
import { connect } from "./flowws.js";

const UPDATES_KEPT = 100;
const STATES = { connecting: "Connecting", open: "Live", stale: "No answer", backoff: "Reconnecting", closed: "Stopped" };
const STALE = {
  saves: "You asked for saves only: whoever is deleted meanwhile stays on this list.",
  deletes: "You asked for deletes only: whoever is saved meanwhile is not on this list.",
};

const $ = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const address = new URL("people", location.href);
address.hash = address.search = "";
address.protocol = address.protocol.replace("http", "ws");

const feeds = connect(address, { policy: { first: 0.5, longest: 15 } });
const commands = new Commands(`${address}/commands`);
const people = new Map(); // id -> the person's <li>
const cities = new Set(); // those that were ever seen
let feed = null;
let asked = wanted(); // the filter that was asked for last
let editing = null; // the id of the person in the form, or null for a new one
let countdown = 0;

function start() {
  feed = feeds.subscribe("", {
    filter: asked,
    onSnapshot: showEverybody,
    onUpdate: showUpdate,
    onGap: showGap,
    onState: showState,
  });
  showState(feed.state);
}

function stop() {
  feed.close();
  commands.close();
}

// From the feed.

function showState(state) {
  const refused = state.name === "closed" && state.cause !== null;
  clearInterval(countdown);
  $("state").dataset.state = refused ? "refused" : state.name;
  $("state-text").textContent = refused ? "Refused" : STATES[state.name];
  $("countdown").textContent = refused ? state.cause.message : "";
  $("stop").textContent = state.name === "closed" ? "Start" : "Stop";
  document.body.classList.toggle("away", state.name !== "open");
  if (state.name === "backoff") countDown(state.delay);
}

function countDown(seconds) {
  const end = performance.now() + seconds * 1000;
  const show = () => {
    $("countdown").textContent = `in ${Math.max(1, Math.ceil((end - performance.now()) / 1000))} s`;
  };
  show();
  countdown = setInterval(show, 250);
}

// Some were dropped, as this page was too slow: the list is asked for afresh. After any other gap it comes by itself.
function showGap({ missed, reason }) {
  const count = missed === null ? "some updates were" : missed === 1 ? "1 update was" : `${missed} updates were`;
  note("missed", `Here ${count} missed`);
  if (reason === "lag") feed.setFilter(feed.filter).catch(showProblem);
}

// The list.

function showEverybody(everybody) {
  people.clear();
  $("people").replaceChildren();
  for (const person of everybody) showPerson(person);
  const [which, city] = parts(feed.filter);
  $("updates").dataset.filter = city === null ? which : `${which} ${city}`;
  const hints = [STALE[which], city && `You asked for ${city} only: whoever moves away meanwhile stays on this list.`];
  $("stale").textContent = hints.filter(Boolean).join(" ");
  $("stale").hidden = !$("stale").textContent;
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
  button(item.querySelector(".delete"), `Delete ${person.name}`, () => tell(() => commands.delete(person.id)));
  if (!people.has(person.id)) $("people").prepend(item);
  people.set(person.id, item);
  suggest(person.city);
  if (fresh) flash(item);
  showCount();
}

function button(element, label, action) {
  element.setAttribute("aria-label", label);
  element.title = label;
  element.onclick = action;
}

function suggest(city) {
  if (!city || cities.has(city)) return;
  cities.add(city);
  $("cities").append(new Option("", city));
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

function showUpdate({ type, person }) {
  const verb = type === "deleted" ? "deleted" : people.has(person.id) ? "changed" : "added";
  if (type === "deleted") removePerson(person.id);
  else showPerson(person, true);
  const name = document.createElement("bdi");
  name.textContent = person.name;
  note(type, name, ` was ${verb}`);
}

function note(type, ...words) {
  const item = $("update").content.firstElementChild.cloneNode(true);
  item.dataset.type = type;
  item.querySelector(".what").append(...words);
  item.querySelector("time").textContent = clock.format();
  item.querySelector("time").dateTime = new Date().toISOString();
  $("updates").prepend(item);
  $("updates").children[UPDATES_KEPT]?.remove();
  $("silence").hidden = true;
}

// From the visitor.

$("filter").onchange = $("where").onchange = choose;
$("where").oninput = () => $("where").value || choose();

function choose() {
  const [filter, before] = [wanted(), asked];
  asked = filter;
  if (String(filter) !== String(before) && feed.state.name !== "closed") feed.setFilter(filter).catch(showProblem);
}

// What is chosen, as the server understands it: the name of a filter, or an expression.
function wanted() {
  const which = document.querySelector("#filter input:checked").value;
  const city = $("where").value.trim();
  return city ? ["and", ["name", which], ["eq", "person.city", city]] : which;
}

// What a filter of ours was made of.
const parts = (filter) => (typeof filter === "string" ? [filter, null] : [filter[1][1], filter[2][2]]);

$("form").onsubmit = async (event) => {
  event.preventDefault();
  const { name, city } = Object.fromEntries(new FormData($("form")));
  const id = editing;
  if (!(await tell(() => commands.save(name, city, id)))) return $("name").focus();
  if (editing === id) edit(null);
  $("name").focus();
};

$("cancel").onclick = () => edit(null);

$("stop").onclick = () => (feed.state.name === "closed" ? start() : stop());

function edit(person) {
  editing = person?.id ?? null;
  $("name").value = person?.name ?? "";
  $("city").value = person?.city ?? "";
  $("save").textContent = person ? "Save" : "Add";
  $("cancel").hidden = !person;
  $("problem").textContent = "";
  if (person) $("name").focus();
}

// Gives a command; shows what was wrong with it, if anything.
async function tell(command) {
  try {
    if (feed.state.name === "closed") throw new Error("Not connected");
    await command();
    $("problem").textContent = "";
    return true;
  } catch (error) {
    showProblem(error);
    return false;
  }
}

function showProblem({ message }) {
  $("problem").textContent = `${message[0].toUpperCase()}${message.slice(1)}.`;
}

$("command").textContent = `flowws tail ${address}`;
start();
