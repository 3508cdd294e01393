"""flowws.js, message by message: what it says, and what it makes of each answer; the server follows a script."""

from __future__ import annotations

from typing import Any

import pytest

from tests.feeds.browser.visitor import Scripted, ScriptedSession, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]  # a browser takes seconds to start

EPOCH = "1795245816711"
AT_ONCE = {"first": 0}
"""A policy: whoever is lost comes back without waiting."""


def subscribed(at: int | None, *, resumed: bool = False, topic: str = "") -> dict[str, Any]:
    position = {} if at is None else {"at": f"{EPOCH}-{at}"}
    return {"subscribed": topic, "id": 1, "resumed": resumed, **position}


def snapshot(at: int, *items: Any) -> dict[str, Any]:
    return {"snapshot": list(items), "id": 1, "at": f"{EPOCH}-{at}"}


def update(at: int, value: Any) -> dict[str, Any]:
    return {"update": value, "id": 1, "at": at}


def begin(visitor: Visitor, server: Scripted, **options: Any) -> ScriptedSession:
    """A subscription that has got a snapshot."""
    visitor.subscribe(server.page, "/feed", policy=AT_ONCE, **options)
    session = server.accept()
    session.hears()
    session.says(subscribed(4), snapshot(4, "Ada"))
    visitor.sees(["open", False], ["snapshot", ["Ada"]])
    return session


def again(visitor: Visitor, server: Scripted) -> ScriptedSession:
    session = server.accept()
    visitor.until(lambda: ["connecting"] in visitor.seen)
    visitor.run("seen.length = 0")
    return session


def test_it_subscribes_and_is_told_what_there_is_and_what_happens(visitor: Visitor, server: Scripted) -> None:
    visitor.subscribe(server.page, "/feed#part", "people", filter=["eq", "city", "London"])
    session = server.accept()
    assert session.hears() == {"subscribe": "people", "id": 1, "filter": ["eq", "city", "London"]}
    assert (visitor.state, visitor.position) == ("connecting", None)
    session.says(subscribed(4), snapshot(4, "Ada"), update(5, "Grace"), update(9, "Alan"))
    visitor.sees(["open", False], ["snapshot", ["Ada"]], ["update", "Grace"], ["update", "Alan"])
    assert (visitor.state, visitor.position) == ("open", f"{EPOCH}-9")
    session.says({"gap": 3, "id": 1, "at": 12, "reason": "lag"}, {"hello": "from a later version", "id": 1})
    visitor.sees(["gap", {"missed": 3, "reason": "lag"}])
    assert visitor.position == f"{EPOCH}-12"
    visitor.run("feed.close()")
    visitor.sees(["closed"])
    assert session.hears() == {"unsubscribe": 1}
    assert session.code == 1000
    assert visitor.run("return feeds.state.name") == "closed"


def test_a_lost_connection_comes_back_and_goes_on_where_it_was(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    session.says(update(5, "Grace"))
    visitor.sees(["update", "Grace"])
    session.cuts()
    session = again(visitor, server)
    assert session.hears() == {"subscribe": "", "id": 1, "after": f"{EPOCH}-5"}
    session.says(subscribed(5, resumed=True), update(6, "Alan"))
    visitor.sees(["open", True], ["update", "Alan"])
    session.closes(1012)
    session = again(visitor, server)
    assert session.hears() == {"subscribe": "", "id": 1, "after": f"{EPOCH}-6"}


def test_where_nothing_passes_it_goes_on_behind_that(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    session.says({"progress": 300, "id": 1}, update(301, "Grace"), {"progress": 600, "id": 1})
    visitor.sees(["update", "Grace"])
    visitor.until(lambda: visitor.position == f"{EPOCH}-600")
    session.cuts()
    assert again(visitor, server).hears()["after"] == f"{EPOCH}-600"


def test_where_only_the_epoch_is_another_one_it_goes_on_there(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    session.says(update(5, "Grace"), {"progress": "1795245899999-5", "id": 1}, update(6, "Alan"))
    visitor.sees(["update", "Grace"], ["update", "Alan"])
    assert visitor.position == "1795245899999-6"
    session.cuts()
    session = again(visitor, server)
    assert session.hears()["after"] == "1795245899999-6"
    session.says({"subscribed": "", "id": 1, "resumed": True, "at": "1795245977777-6"}, update(7, "Mary"))
    visitor.sees(["open", True], ["update", "Mary"])
    assert visitor.position == "1795245977777-7"


def test_a_restart_is_a_gap_and_the_next_position_is_of_the_new_epoch(visitor: Visitor, server: Scripted) -> None:
    begin(visitor, server).cuts()
    session = again(visitor, server)
    assert session.hears()["after"] == f"{EPOCH}-4"
    session.says(
        {"subscribed": "", "id": 1, "resumed": False, "at": "1795245899999-2"},
        {"gap": None, "id": 1, "at": "1795245899999-2", "reason": "restart"},
        {"snapshot": [], "id": 1, "at": "1795245899999-2"},
        update(3, "Grace"),
    )
    visitor.sees(["open", False], ["gap", {"missed": None, "reason": "restart"}], ["snapshot", []], ["update", "Grace"])
    assert visitor.position == "1795245899999-3"


def test_who_is_lost_before_the_snapshot_asks_for_it_again(visitor: Visitor, server: Scripted) -> None:
    visitor.subscribe(server.page, "/feed", policy=AT_ONCE)
    session = server.accept()
    session.hears()
    session.says(subscribed(None))
    visitor.sees(["open", False])
    session.cuts()
    assert again(visitor, server).hears() == {"subscribe": "", "id": 1}


def test_who_is_lost_before_a_gap_is_told_of_it_the_next_time(visitor: Visitor, server: Scripted) -> None:
    begin(visitor, server).cuts()
    gap = {"gap": 2, "id": 1, "at": f"{EPOCH}-9", "reason": "trimmed"}
    for said in [subscribed(9)], [subscribed(None)], [subscribed(9), gap]:
        session = again(visitor, server)
        assert session.hears()["after"] == f"{EPOCH}-4"
        session.says(*said)
        visitor.sees(["open", False], *[["gap", {"missed": 2, "reason": "trimmed"}]] * (len(said) - 1))
        session.cuts()
    assert again(visitor, server).hears()["after"] == f"{EPOCH}-9"


def test_who_is_lost_between_a_gap_and_the_snapshot_asks_for_that_again(visitor: Visitor, server: Scripted) -> None:
    begin(visitor, server).cuts()
    session = again(visitor, server)
    session.hears()
    session.says(subscribed(None), {"gap": None, "id": 1, "at": "1795245899999-2", "reason": "restart"})
    visitor.sees(["open", False], ["gap", {"missed": None, "reason": "restart"}])
    session.cuts()
    assert again(visitor, server).hears() == {"subscribe": "", "id": 1}


def test_a_gap_in_the_midst_of_updates_is_not_over_before_its_snapshot(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    gap = {"gap": 2, "id": 1, "at": f"{EPOCH}-12", "reason": "trimmed", "then": "snapshot"}
    session.says(gap)
    visitor.sees(["gap", {"missed": 2, "reason": "trimmed"}])
    session.cuts()
    session = again(visitor, server)
    assert session.hears() == {"subscribe": "", "id": 1}
    session.says(subscribed(None), {"snapshot": [], "id": 1, "at": f"{EPOCH}-12"})
    visitor.sees(["open", False], ["snapshot", []])
    session.cuts()
    assert again(visitor, server).hears() == {"subscribe": "", "id": 1, "after": f"{EPOCH}-12"}


def test_a_position_of_an_earlier_visit(visitor: Visitor, server: Scripted) -> None:
    visitor.subscribe(server.page, "/feed", after=f"{EPOCH}-7")
    session = server.accept()
    assert session.hears() == {"subscribe": "", "id": 1, "after": f"{EPOCH}-7"}
    session.says(subscribed(7, resumed=True), {"gap": 2, "id": 1, "at": f"{EPOCH}-9", "reason": "trimmed"})
    visitor.sees(["open", True], ["gap", {"missed": 2, "reason": "trimmed"}])
    assert visitor.position == f"{EPOCH}-9"


# The filter.

SWITCH = """
window.switched = null;
feed.setFilter(arguments[0]).then(() => (switched = "done"), (error) => (switched = error.code));
"""


def test_a_switch_is_done_when_the_server_says_so(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server, filter="saves")
    visitor.run(SWITCH, ["ne", "city", "Paris"])
    assert session.hears() == {"filter": ["ne", "city", "Paris"], "id": 1}
    session.says(update(5, "Grace"))
    visitor.sees(["update", "Grace"])
    assert visitor.run("return [feed.filter, switched]") == ["saves", None]
    session.says({"filter": ["ne", "city", "Paris"], "id": 1, "at": f"{EPOCH}-5"}, snapshot(6, "Alan"))
    visitor.sees(["snapshot", ["Alan"]])
    assert visitor.run("return [feed.filter, switched]") == [["ne", "city", "Paris"], "done"]
    session.cuts()
    assert again(visitor, server).hears() == {
        "subscribe": "",
        "id": 1,
        "filter": ["ne", "city", "Paris"],
        "after": f"{EPOCH}-6",
    }


def test_a_switch_to_nothing_in_particular_is_one_to_everything(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server, filter="saves")
    visitor.run("feed.setFilter().then(() => told('done'))")
    assert session.hears() == {"filter": None, "id": 1}
    session.says({"filter": None, "id": 1, "at": f"{EPOCH}-4"})
    visitor.sees(["done"])


def test_a_switch_that_is_refused_leaves_the_filter_in_force(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server, filter="saves")
    visitor.run(SWITCH, "births")
    session.hears()
    session.says({"error": "there is no filter 'births'", "id": 1, "code": "bad-filter"}, update(5, "Grace"))
    visitor.sees(["update", "Grace"])
    assert visitor.run("return [feed.filter, switched, feed.state.name]") == ["saves", "bad-filter", "open"]


def test_a_switch_that_was_on_its_way_is_asked_for_again_behind_the_filter_in_force(
    visitor: Visitor, server: Scripted
) -> None:
    session = begin(visitor, server, filter="saves")
    visitor.run(SWITCH, "deletes")
    session.hears()
    session.cuts()
    session = again(visitor, server)
    assert session.hears() == {"subscribe": "", "id": 1, "filter": "saves", "after": f"{EPOCH}-4"}
    assert session.hears() == {"filter": "deletes", "id": 1}
    session.says(subscribed(4, resumed=True), update(5, "Grace"))
    session.says({"filter": "deletes", "id": 1, "at": f"{EPOCH}-5"}, snapshot(5))
    visitor.sees(["open", True], ["update", "Grace"], ["snapshot", []])
    assert visitor.run("return [feed.filter, switched]") == ["deletes", "done"]


NOT_JSON = pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (r"'😀'.slice(0, 1)", r'half of a character, "\ud83d"'),
        (r"['eq', 'name', '\\\\' + '😀'.slice(1)]", r'half of a character, "\ude00"'),
        (r"{ '\ud83d': 1 }", r'half of a character, "\ud83d"'),
        ("() => true", "() => true (function)"),
        ("Symbol('saves')", "Symbol(saves) (symbol)"),
        ("['eq', 'city', undefined]", "undefined (undefined)"),
        ("['lt', 'age', NaN]", "NaN (number)"),
        ("['lt', 'age', 7n]", "7 (bigint)"),
        ("(() => { const filter = ['not']; filter.push(filter); return filter })()", "circular"),
        ("['in', 'city', Array(50).fill('x'.repeat(1000))]", "at most 48 KiB"),
        ("JSON.parse('['.repeat(1100) + ']'.repeat(1100))", "at most 8 levels"),
    ],
)
"""Filters that would be another one on the wire, or nothing that a server can read."""


@NOT_JSON
def test_a_switch_to_what_json_cannot_carry_is_refused_here(
    visitor: Visitor, server: Scripted, wanted: str, problem: str
) -> None:
    session = begin(visitor, server, filter="saves")
    visitor.run(f"feed.setFilter({wanted}).catch((error) => told(error.name, error.code, error.message))")
    visitor.until(lambda: visitor.seen)
    [(name, code, message)] = visitor.run("return seen.splice(0)")
    assert (name, code) == ("FeedError", "bad-filter")
    assert problem in message
    visitor.run(SWITCH, "deletes")
    assert session.hears() == {"filter": "deletes", "id": 1}  # nothing was said before
    session.says({"filter": "deletes", "id": 1, "at": f"{EPOCH}-4"}, update(5, "Grace"))
    visitor.sees(["update", "Grace"])
    assert visitor.run("return [feed.filter, switched]") == ["deletes", "done"]


@NOT_JSON
def test_a_subscription_under_what_json_cannot_carry_is_closed_from_the_first(
    visitor: Visitor, server: Scripted, wanted: str, problem: str
) -> None:
    session = begin(visitor, server)
    visitor.run(f"""
      const onState = ({{ name, cause }}) => told(second.state.name, name, cause.code);
      window.second = feeds.subscribe("", {{ filter: {wanted}, onState }});
      const loop = async () => {{ for await (const each of second) told(each); }};
      const refused = loop().catch(({{ code }}) => told("a loop", code)).then(() => second.setFilter());
      refused.catch(({{ code }}) => told("a switch", code));
    """)
    visitor.sees(["closed", "closed", "bad-filter"], ["a loop", "bad-filter"], ["a switch", "closed"])
    assert problem in visitor.run("return second.state.cause.message")
    visitor.run("second.close(); feed.close()")
    assert session.hears() == {"unsubscribe": 1}  # nothing was said before
    assert session.code == 1000
    visitor.run(f"feeds.subscribe('', {{ filter: {wanted} }})")
    assert visitor.run("return feeds.state.name") == "closed"


@pytest.mark.parametrize("text", ["😀", r"\ud83d", r"\\ud83d", '"\\ud83d', r"a\nb\ud83d", "\n\x00", "\ud7ff\ue000"])
def test_a_text_that_only_looks_like_half_of_a_character_is_a_filter(
    visitor: Visitor, server: Scripted, text: str
) -> None:
    session = begin(visitor, server)
    visitor.run(SWITCH, ["eq", "name", text])
    assert session.hears() == {"filter": ["eq", "name", text], "id": 1}


def test_a_filter_is_what_it_was_when_it_was_asked_for(visitor: Visitor, server: Scripted) -> None:
    visitor.driver.get(server.page)
    visitor.driver.execute_async_script("""
      import("/flowws.js").then(({ connect }) => {
        const filter = ["eq", "city", "London"];
        window.feed = connect("/feed").subscribe("", { filter });
        feed.setFilter(filter);
        filter[2] = "\\ud83d";
      }).then(arguments[0]);
    """)
    session = server.accept()
    assert session.hears() == {"subscribe": "", "id": 1, "filter": ["eq", "city", "London"]}
    assert session.hears() == {"filter": ["eq", "city", "London"], "id": 1}


# How a subscription ends.


def test_a_feed_that_has_ended(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    session.says({"end": None, "id": 1})
    visitor.sees(["closed"])
    assert session.code == 1000


def test_a_feed_that_has_failed(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    session.says({"end": "it failed", "id": 1})
    visitor.sees(["closed", "ended"])


def test_a_subscription_that_is_refused(visitor: Visitor, server: Scripted) -> None:
    visitor.subscribe(server.page, "/feed", filter="births")
    session = server.accept()
    session.hears()
    session.says({"error": "there is no filter 'births'", "id": 1, "code": "bad-filter"})
    visitor.sees(["closed", "bad-filter"])
    assert session.code == 1000


def test_a_filter_that_fails_at_the_server(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    visitor.run(SWITCH, "deletes")
    session.says({"error": "the filter failed", "id": 1, "code": "failed"})
    visitor.sees(["closed", "failed"])
    assert visitor.run("return switched") == "failed"
    visitor.run(SWITCH, "saves")
    assert visitor.run("return switched") == "closed"


@pytest.mark.parametrize("code", [1008, 1009, 4000, 4999])
def test_a_close_code_that_ends_it_all(visitor: Visitor, server: Scripted, code: int) -> None:
    begin(visitor, server).closes(code, "go away")
    visitor.sees(["closed", code])
    assert visitor.run("return feed.state.cause.message") == "go away"


def test_a_server_that_speaks_something_else(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    session.says("hello")
    visitor.sees(["closed", "bad-message"])
    assert session.code == 1000


# As a loop.

LOOP = """
window.taken = [];
(async () => {
  for await (const value of feed) {
    taken.push(value);
    if (value === arguments[0]) break;
  }
  taken.push("over");
})().catch((error) => taken.push(error.code));
"""


def test_a_loop_gets_the_items_of_a_snapshot_and_the_updates(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    visitor.run(LOOP, "Barbara")
    session.says(snapshot(5, "Ada", "Grace"), update(6, "Alan"), update(7, "Barbara"), update(8, "Edsger"))
    visitor.until(lambda: visitor.run("return taken") == ["Ada", "Grace", "Alan", "Barbara", "over"])
    assert (visitor.state, session.code) == ("closed", 1000)


@pytest.mark.parametrize(
    ("last", "end"),
    [
        ({"end": None, "id": 1}, "over"),
        ({"end": "it failed", "id": 1}, "ended"),
        ({"error": "the filter failed", "id": 1, "code": "failed"}, "failed"),
    ],
)
def test_a_loop_ends_as_the_feed_does(visitor: Visitor, server: Scripted, last: dict[str, Any], end: str) -> None:
    session = begin(visitor, server)
    visitor.run(LOOP, None)
    session.says(update(5, "Grace"), last)
    visitor.until(lambda: visitor.run("return taken") == ["Grace", end])
