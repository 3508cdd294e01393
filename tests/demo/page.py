"""The demo's page as its visitor sees it, in a Chromium that a test drives."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

T = TypeVar("T")

PATIENCE = 10.0


def chromium(profile: Path) -> webdriver.Chrome:
    """A browser of its own: no window, no traffic but the page's."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for switch in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,900",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver") or ""))


class Page:
    """What a visitor can see and do."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    # What they see.

    @property
    def state(self) -> str | None:
        return self._one("#state").get_attribute("data-state")

    @property
    def names(self) -> list[str]:
        return self._texts("#people .name")

    @property
    def updates(self) -> list[str]:
        """The newest first."""
        return self._texts("#updates .what")

    @property
    def filter_in_force(self) -> str | None:
        return self._one("#updates").get_attribute("data-filter")

    @property
    def problem(self) -> str:
        return self._one("#problem").text

    @property
    def hint(self) -> str:
        return self._one("#stale").text

    # What they do.

    def open(self, address: str) -> None:
        self.driver.get(address)
        self.until(lambda: self.state == "open")

    def save(self, name: str, city: str = "") -> None:
        for field, text in ("#name", name), ("#city", city):
            self._one(field).clear()
            self._one(field).send_keys(text)
        self._one("#save").click()

    def edit(self, name: str) -> None:
        self._person(name).find_element(By.CSS_SELECTOR, ".edit").click()

    def delete(self, name: str) -> None:
        self._person(name).find_element(By.CSS_SELECTOR, ".delete").click()

    def choose(self, wanted: str) -> None:
        """Switches the filter, and waits until the server says that it is in force."""
        self._one(f"#filter input[value={wanted}] + span").click()
        self.until(lambda: (self.filter_in_force or "").partition(" ")[0] == wanted)

    def choose_city(self, city: str) -> None:
        """As `choose`; an empty one is any city."""
        field = self._one("#where")
        field.clear()
        field.send_keys(city, Keys.ENTER)
        self.until(lambda: (self.filter_in_force or "").partition(" ")[2] == city)

    def press_stop(self) -> None:
        self._one("#stop").click()

    # How a test waits.

    def until(self, condition: Callable[[], T]) -> T:
        wait = WebDriverWait(self.driver, PATIENCE, 0.02, [StaleElementReferenceException])
        return wait.until(lambda _: condition(), f"it was {self.state}, {self.names}, {self.updates}")

    def _one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def _texts(self, selector: str) -> list[str]:
        """All of one moment: the page changes while one looks."""
        script = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)"
        return cast("list[str]", self.driver.execute_script(script, selector))

    def _all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def _person(self, name: str) -> WebElement:
        people = {each.find_element(By.CSS_SELECTOR, ".name").text: each for each in self._all("#people li")}
        return people[name]
