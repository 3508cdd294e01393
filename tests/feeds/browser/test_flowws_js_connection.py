"""flowws.js and its one connection: who shares it, when it comes back, what it makes of silence."""

from __future__ import annotations

import pytest

from tests.feeds.browser.test_flowws_js_protocol import AT_ONCE, EPOCH, begin, subscribed, update
from tests.feeds.browser.visitor import Scripted, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]  # a browser takes seconds to start


def test_subscriptions_share_a_connection_which_ends_with_the_last(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    visitor.run("window.second = feeds.subscribe('pets', { onUpdate: (update) => told('pet', update) })")
    assert session.hears() == {"subscribe": "pets", "id": 2}
    session.says({"subscribed": "pets", "id": 2, "at": f"{EPOCH}-0", "resumed": False})
    session.says({"update": "Laika", "id": 2, "at": 1}, update(5, "Grace"), {"update": "Ham", "id": 2, "at": 2})
    visitor.sees(["pet", "Laika"], ["update", "Grace"], ["pet", "Ham"])
    visitor.run("feed.close()")
    assert session.hears() == {"unsubscribe": 1}
    session.says({"unsubscribed": 1}, update(6, "Alan"), {"update": "Belka", "id": 2, "at": 3})
    visitor.sees(["closed"], ["pet", "Belka"])
    visitor.run("second.close()")
    assert session.hears() == {"unsubscribe": 2}
    assert session.code == 1000


def test_closing_the_connection_closes_its_subscriptions(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    visitor.run("window.second = feeds.subscribe('pets'); feeds.close(); feeds.close()")
    visitor.sees(["closed"])
    assert visitor.run("return second.state.name") == "closed"
    assert session.code == 1000
    visitor.run("window.feed = feeds.subscribe('more', { onState: ({ name }) => told(name) })")
    session = server.accept()
    assert session.hears() == {"subscribe": "more", "id": 3}
    session.says({"subscribed": "more", "id": 3, "at": f"{EPOCH}-0", "resumed": False})
    visitor.sees(["open"])


def test_what_a_listener_closes_stays_closed(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    visitor.run("""
      feed.close();
      window.one = feeds.subscribe("one", { onState: ({ name }) => name === "backoff" && two.close() });
      window.two = feeds.subscribe("two", { onState: ({ name }) => told("two", name) });
      (async () => { for await (const each of two) told(each); told("the loop has ended"); })();
    """)
    visitor.until(lambda: visitor.run("return two.state.name") == "connecting")
    visitor.run("seen.length = 0")
    session = server.accept()
    assert [session.hears()["subscribe"], session.hears()["subscribe"]] == ["one", "two"]
    session.cuts()
    server.accept()
    visitor.sees(["two", "closed"], ["the loop has ended"])
    assert visitor.run("return two.state.name") == "closed"


def test_the_attempts_to_come_back_wait_longer_and_longer_and_come_to_an_end(
    visitor: Visitor, server: Scripted
) -> None:
    visitor.subscribe(server.page, "/nowhere", policy={"first": 0.01, "retries": 3})
    visitor.until(lambda: visitor.state == "closed")
    attempts = [name for name, *_ in visitor.seen]
    assert attempts == [*["backoff", "connecting"] * 3, "closed"]


def test_each_wait_is_drawn_by_lot_below_what_the_policy_says(visitor: Visitor, server: Scripted) -> None:
    drawn = """
    const [done] = arguments, chance = Math.random, real = window.setTimeout, waits = [];
    Math.random = () => 0.5;
    window.setTimeout = (act, wait, ...more) => (waits.push(wait), real(act, 0, ...more));
    import("/flowws.js").then(({ connect }) => {
      const feed = connect("/nowhere", { policy: { first: 1, factor: 3, longest: 20, retries: 4 } }).subscribe("", {
        onState: ({ name }) => {
          if (name !== "closed") return;
          Math.random = chance;
          window.setTimeout = real;
          done(waits);
        },
      });
    });
    """
    visitor.driver.get(server.page)
    assert visitor.driver.execute_async_script(drawn) == [500, 1500, 4500, 10_000]


def test_attempts_begin_anew_after_a_connection_that_has_lasted(visitor: Visitor, server: Scripted) -> None:
    for stable_after, ending in (3600, "closed"), (0, "open"):
        visitor.subscribe(server.page, "/feed", policy={"first": 0, "retries": 1, "stableAfter": stable_after})
        session = server.accept()
        session.hears()
        session.says(subscribed(4))
        visitor.until(lambda: visitor.state == "open")
        session.cuts()
        session = server.accept()
        session.hears()
        session.says(subscribed(4, resumed=True))
        visitor.until(lambda: visitor.state == "open")
        session.cuts()
        if ending == "open":
            session = server.accept()
            session.hears()
            session.says(subscribed(4, resumed=True))
        visitor.until(lambda: visitor.state == ending)  # noqa: B023  # called before the next turn


# Silence.


def test_a_silent_server_is_asked_for_a_sign_of_life(visitor: Visitor, server: Scripted) -> None:
    visitor.subscribe(server.page, "/feed", policy={**AT_ONCE, "staleAfter": 1})
    session = server.accept()
    session.hears()
    session.says(subscribed(4))
    for _ in range(2):
        assert session.hears() == {"unsubscribe": 0}
        session.says({"error": "there is no subscription 0", "id": 0, "code": "unknown-id"})
    visitor.sees(["open", False])
    assert session.hears() == {"unsubscribe": 0}
    visitor.until(lambda: visitor.state == "stale")
    session.says(update(5, "Grace"))
    visitor.sees(["stale"], ["open", False], ["update", "Grace"])


def test_a_connection_that_gives_no_sign_of_life_is_given_up(visitor: Visitor, server: Scripted) -> None:
    visitor.subscribe(server.page, "/feed", policy={**AT_ONCE, "staleAfter": 0.1})
    session = server.accept()
    session.hears()
    session.says(subscribed(4))
    session = server.accept()
    assert session.hears() == {"subscribe": "", "id": 1, "after": f"{EPOCH}-4"}
    assert visitor.seen[:4] == [["open", False], ["stale"], ["backoff", 1006], ["connecting"]]


# What a page goes through.


def test_without_a_network_it_is_stale_and_comes_back_with_the_network(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    visitor.run("dispatchEvent(new Event('offline'))")
    visitor.sees(["stale"])
    visitor.run("dispatchEvent(new Event('online'))")
    assert server.accept().hears() == {"subscribe": "", "id": 1, "after": f"{EPOCH}-4"}
    assert session.code == 1000


@pytest.mark.parametrize(
    "event", ["dispatchEvent(new Event('online'))", "document.dispatchEvent(new Event('visibilitychange'))"]
)
def test_whoever_looks_at_the_page_does_not_wait_for_the_next_attempt(
    visitor: Visitor, server: Scripted, event: str
) -> None:
    visitor.subscribe(server.page, "/feed", policy={"first": 3600, "longest": 3600})
    session = server.accept()
    session.hears()
    session.says(subscribed(4))
    visitor.until(lambda: visitor.state == "open")
    visitor.run(event)
    assert session.hears() == {"unsubscribe": 0}
    session.cuts()
    visitor.until(lambda: visitor.state == "backoff")
    visitor.run(event)
    assert server.accept().hears()["after"] == f"{EPOCH}-4"


def test_a_page_that_was_left_and_is_shown_again(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    visitor.run("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    assert session.code == 1000
    visitor.sees(["connecting"])
    visitor.run("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    assert server.accept().hears() == {"subscribe": "", "id": 1, "after": f"{EPOCH}-4"}


def test_nobody_listens_for_the_network_any_more_after_the_last_subscription(
    visitor: Visitor, server: Scripted
) -> None:
    session = begin(visitor, server)
    visitor.run("feed.close(); for (const type of ['offline', 'online']) dispatchEvent(new Event(type))")
    visitor.sees(["closed"])
    assert session.hears() == {"unsubscribe": 1}
    assert session.code == 1000


# What is refused at the door, and what goes wrong in the page.


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        ("connect('http://')", "Invalid URL"),
        ("connect('/feed', { policy: { longst: 3 } })", 'a policy has no "longst"'),
        ("connect('/feed').subscribe({ onUpdate() {} })", "a topic is a text, not {}"),
        (r"connect('/feed').subscribe('\ud83d')", r'a topic is a text, not "\ud83d"'),
        ("connect('/feed').subscribe('', { after: '' })", 'a position is like "1795245816711-42", not ""'),
        ("connect('/feed').subscribe('', { after: 17 })", 'a position is like "1795245816711-42", not 17'),
    ],
)
def test_what_cannot_be_meant_is_refused(visitor: Visitor, server: Scripted, call: str, problem: str) -> None:
    visitor.driver.get(server.page)
    script = f"import('/flowws.js').then(({{ connect }}) => {call}).then(arguments[0], (e) => arguments[0](e.message))"
    assert problem in visitor.driver.execute_async_script(script)


def test_a_listener_that_fails_does_not_keep_the_next_message_away(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    visitor.run(
        "window.reportError = (error) => told('failed', error.message);"
        "feeds.subscribe('', { onUpdate() { throw new Error('oh') } })"
    )
    session.says({"update": 1, "id": 2, "at": 5}, update(5, "Grace"))
    visitor.sees(["failed", "oh"], ["update", "Grace"])


def test_it_comes_back_after_many_losses_with_nothing_twice(visitor: Visitor, server: Scripted) -> None:
    session = begin(visitor, server)
    for offset in range(5, 25):
        session.says(update(offset, offset))
        visitor.until(lambda: visitor.position == f"{EPOCH}-{offset}")  # noqa: B023  # called before the next turn
        session.cuts()
        session = server.accept()
        assert session.hears()["after"] == f"{EPOCH}-{offset}"
        session.says(subscribed(offset, resumed=True))
    assert [value for kind, *value in visitor.seen if kind == "update"] == [[each] for each in range(5, 25)]
