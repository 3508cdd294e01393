// What a page may write, and what its compiler must refuse: read by test_flowws_d_ts.py.

import { connect, FeedError, type Filter, type FeedState, type Gap, type Subscription } from "./flowws.js";

interface Person {
  id: number;
  name: string;
}
interface Saved {
  revision: number;
  person: Person;
}

const feeds = connect("/people", { policy: { first: 0.5, isFatal: (code) => code === 1008 } });
const feed: Subscription<Saved, Person> = feeds.subscribe<Saved, Person>("", {
  filter: ["and", ["name", "saves"], ["in", "person.city", ["London", null]], ["not", ["lt", "revision", 7]]],
  after: localStorage.getItem("position"),
  onSnapshot: (people) => people.map(({ name }) => name),
  onUpdate: ({ person }) => person.id,
  onGap: ({ missed, reason }: Gap) => (reason === "lag" ? missed : null),
  onState(state: FeedState) {
    switch (state.name) {
      case "open":
        return state.resumed;
      case "stale":
        return state.since.getTime();
      case "backoff":
        return [state.attempt, state.delay, state.cause.code];
      case "closed":
        return state.cause?.message;
      case "connecting":
    }
  },
});

const everything: Filter = null;
feed.setFilter(everything).catch((error: FeedError) => error.code);
const position: string | null = feed.position;
for await (const value of feed) "person" in value ? value.person.name : value.name;
feeds.subscribe("pets").close();
feeds.close();

// @ts-expect-error - a topic is a text
feeds.subscribe({ onUpdate() {} });
// @ts-expect-error - no such comparison
feed.setFilter(["like", "person.name", "A%"]);
// @ts-expect-error - there is no such setting
connect("/people", { policy: { longst: 3 } });
// @ts-expect-error - it is read alone
feed.position = position;
