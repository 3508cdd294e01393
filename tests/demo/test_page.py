"""The page, in browsers: what two visitors see of each other, and what is left when one is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from selenium.common.exceptions import WebDriverException

from flowws.demo import People
from tests.demo.page import Page, chromium
from tests.demo.watched import DemoInThread, serve_demo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]  # a browser takes seconds to start


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    driver = chromium(profile)
    try:
        yield Page(driver)
        log: list[dict[str, str]] = driver.get_log("browser")
        complaints = [entry["message"] for entry in log if "WebSocket" not in entry["message"]]
        assert complaints == []
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Page]]:
    """Two of them: two visitors who share nothing."""
    with browser(tmp_path_factory.mktemp("one")) as one, browser(tmp_path_factory.mktemp("two")) as two:
        yield one, two


@pytest.fixture
def visitors(browsers: tuple[Page, Page], demo_in_thread: DemoInThread) -> Iterator[tuple[Page, Page]]:
    """Both have the page open; they leave it before the server stops."""
    for visitor in browsers:
        visitor.open(demo_in_thread.demo.page)
    yield browsers
    for visitor in browsers:
        visitor.driver.get("about:blank")
    demo_in_thread.run(demo_in_thread.demo.all_gone)


def test_two_browsers_see_each_others_saves_and_deletes(visitors: tuple[Page, Page]) -> None:
    one, two = visitors
    one.save("Ada", "London")
    two.until(lambda: two.names == ["Ada"])
    two.save("Grace", "New York")
    one.until(lambda: one.names == ["Grace", "Ada"])
    two.edit("Ada")
    two.save("Augusta Ada", "Ockham")
    one.until(lambda: one.names == ["Grace", "Augusta Ada"])
    one.delete("Grace")
    two.until(lambda: two.names == ["Augusta Ada"])
    expected = ["Grace was deleted", "Augusta Ada was changed", "Grace was added", "Ada was added"]
    assert one.until(lambda: one.updates == expected)
    assert two.updates == expected


def test_the_filter_decides_what_the_server_sends_and_is_switched_without_reconnecting(
    visitors: tuple[Page, Page], demo_in_thread: DemoInThread
) -> None:
    one, two = visitors
    demo = demo_in_thread.demo
    followers = demo.followers
    two.choose("deletes")
    assert "deletes only" in two.hint
    for name in ("Ada", "Grace", "Alan"):
        one.save(name)
        one.until(lambda: one.names[:1] == [name])  # noqa: B023  # called before the next turn
    one.delete("Grace")
    two.until(lambda: two.updates == ["Grace was deleted"])
    assert two.names == []
    two.choose("saves")
    assert two.names == ["Alan", "Ada"]
    one.delete("Ada")
    one.until(lambda: one.names == ["Alan"])
    one.save("Barbara")
    two.until(lambda: two.updates == ["Barbara was added", "Grace was deleted"])
    two.choose("all")
    assert two.names == ["Barbara", "Alan"]
    assert not two.hint
    assert demo.served.stats.delivered == 6 + 2  # all of them to the one, and to the other what it has asked for
    assert demo.followers == followers


def test_a_city_has_updates_of_its_own(visitors: tuple[Page, Page], demo_in_thread: DemoInThread) -> None:
    one, two = visitors
    one.save("Ada", "London")
    one.save("Grace", "New York")
    two.until(lambda: two.names == ["Grace", "Ada"])
    two.choose_city("London")
    assert two.names == ["Ada"]
    assert "London only" in two.hint
    one.save("Barbara", "Los Angeles")
    one.save("Alan", "London")
    two.until(lambda: two.names == ["Alan", "Ada"])
    two.choose("deletes")
    one.delete("Grace")
    one.until(lambda: "Grace was deleted" in one.updates)
    one.delete("Ada")
    two.until(lambda: two.names == ["Alan"])
    assert two.updates == ["Ada was deleted", "Alan was added", "Grace was added", "Ada was added"]
    two.choose_city("")
    assert two.filter_in_force == "deletes"
    assert two.names == ["Alan", "Barbara"]


def test_after_stop_no_further_update_is_sent_until_the_visitor_starts_again(
    visitors: tuple[Page, Page], demo_in_thread: DemoInThread
) -> None:
    one, two = visitors
    demo = demo_in_thread.demo
    before = demo.followers
    two.press_stop()
    two.until(lambda: two.state == "closed")
    demo_in_thread.run(demo.one_gone, before)
    one.save("Ada")
    one.until(lambda: one.names == ["Ada"])
    assert demo.served.stats.delivered == 1
    assert two.names == []
    two.save("Grace")
    two.until(lambda: two.problem == "Not connected.")
    two.press_stop()
    two.until(lambda: two.state == "open")
    two.until(lambda: two.names == ["Ada"])


def test_what_the_server_refuses_is_shown_at_the_form(visitors: tuple[Page, Page]) -> None:
    one, _ = visitors
    one.save("   ")
    one.until(lambda: one.problem == "The name is missing.")
    one.save("Ada")
    one.until(lambda: one.names == ["Ada"])
    one.until(lambda: one.problem == "")


def test_a_killed_tab_leaves_nothing(visitors: tuple[Page, Page], demo_in_thread: DemoInThread) -> None:
    one, two = visitors
    demo = demo_in_thread.demo
    window = two.driver.current_window_handle
    two.driver.switch_to.new_window("tab")
    two.open(demo.page)
    before = demo.followers
    with pytest.raises(WebDriverException, match="crash"):
        two.driver.get("chrome://crash")
    demo_in_thread.run(demo.one_gone, before)
    one.save("Ada")
    one.until(lambda: one.names == ["Ada"])
    two.driver.close()
    two.driver.switch_to.window(window)
    two.until(lambda: two.names == ["Ada"])
    assert demo.served.stats.delivered == 2


def test_a_page_that_was_left_lets_its_session_go_and_opens_one_when_it_is_come_back_to(
    visitors: tuple[Page, Page], demo_in_thread: DemoInThread
) -> None:
    one, two = visitors
    demo = demo_in_thread.demo
    before = demo.followers
    two.driver.get("about:blank")
    demo_in_thread.run(demo.one_gone, before)
    one.save("Ada")
    one.until(lambda: one.names == ["Ada"])
    two.driver.back()
    two.until(lambda: two.names == ["Ada"])


def test_a_lost_connection_goes_on_where_it_was_with_the_filter_and_what_was_missed(
    browsers: tuple[Page, Page], tmp_path: Path
) -> None:
    """The server goes away, with 1001 for everyone, and comes back on the same port and the same file."""
    page, path = browsers[0], tmp_path / "people.db"
    with start_blocking_portal("asyncio") as portal:
        with portal.wrap_async_context_manager(serve_demo(path)) as demo:
            port = demo.server.port
            page.open(demo.page)
            page.choose("saves")
            page.save("Ada")
            page.until(lambda: page.names == ["Ada"])
        page.until(lambda: page.state in ("backoff", "connecting"))
        with portal.wrap_async_context_manager(People.open(path)) as people:
            portal.call(people.save, "Barbara")
            portal.call(people.delete, 1)
        with portal.wrap_async_context_manager(serve_demo(path, port=port)) as demo:
            page.until(lambda: page.state == "open")
            page.until(lambda: page.updates == ["Barbara was added", "Ada was added"])
            assert page.names == ["Barbara", "Ada"]
            assert page.filter_in_force == "saves"
            page.save("Grace")
            page.until(lambda: page.names == ["Grace", "Barbara", "Ada"])
            assert (demo.served.stats.resumed, demo.served.stats.gaps) == (1, 0)
            page.driver.get("about:blank")
            portal.call(demo.all_gone)
