"""A viewer page in a real browser, used as a person uses it: pointer, keys, touch, and what can be read."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

SIZE = (1200, 760)
"""Of the page. [CSS px]"""
START = "tab=findings"
"""An address that asks for what is shown anyway: a design that fails opens with its worst finding where none is given."""
PATIENCE = 30.0
"""Longest wait for anything. [s]"""
REST = """
const done = arguments[arguments.length - 1], end = performance.now() + 10000, pixel = new Uint8Array(4);
const canvas = [...document.querySelectorAll(".stage canvas")].find((one) => one.getContext("webgl2"));
const gl = canvas?.getContext("webgl2");
let frames = -1, ticks = 0, since = 0;
const look = (at) => {
  gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  const now = window.twinViewer?.stats().frames ?? 0;
  if (now !== frames) [frames, ticks, since] = [now, 0, performance.now()];
  const still = ++ticks >= 6 && performance.now() - since > QUIET;
  if (still || performance.now() > end) done(still);
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
"""Waits until nothing is drawn any more.  Reading a pixel waits for the processor that draws: while it is behind, the page
asks for no further frame."""
OPENED = """
const done = arguments[arguments.length - 1], end = performance.now() + 10000;
let ready = false;
const look = () => {
  if (document.querySelector(".failure")) done("failure");
  else if (ready) done("");
  else if (performance.now() > end) done("nothing came");
  else setTimeout(look, 10);
  if (!ready) window.twinViewer?.ready.then(() => (ready = true));
};
look();
"""


_TAGS = {
    "button": "button,", "combobox": "select,", "radio": "input[type=radio],", "searchbox": "input[type=search],",
    "slider": "input[type=range],",
}  # fmt: skip
"""Elements that have a role by themselves."""
_COVERED = ("radio", "switch")
"""Roles of elements that lie invisibly under their drawing."""


class Viewer:
    """The page, and the browser around it."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser
        self.requests: list[str] = []
        self.messages: list[dict[str, Any]] = []

    # -- opening -------------------------------------------------------------------------------------------------

    def open(self, page: Path, address_part: str = START, *, size: tuple[int, int] = SIZE) -> Viewer:
        """Load a page anew and wait until it can be used, or has said why not."""
        self.size(*size)
        self.browser.get("about:blank")
        self.browser.get(page.as_uri() + (f"#{address_part}" if address_part else ""))
        failed = self.browser.execute_async_script(OPENED)
        if not failed:
            self.rest()
        elif failed != "failure":
            raise AssertionError(failed)
        return self

    def size(self, width: int, height: int, *, mobile: bool = False) -> None:
        """Size of the page in CSS pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.command("Emulation.setDeviceMetricsOverride", **metrics)

    def command(self, name: str, **arguments: Any) -> Any:
        """A command of the browser's own protocol."""
        return self.browser.execute_cdp_cmd(name, arguments)

    # -- asking --------------------------------------------------------------------------------------------------

    def run(self, script: str, *arguments: Any) -> Any:
        """Value of a script in the page."""
        return self.browser.execute_script(script, *arguments)

    def rest(self, quiet: int = 220) -> None:
        """Wait until nothing has been drawn for so many milliseconds."""
        script = REST.replace("QUIET", str(quiet))
        assert self.browser.execute_async_script(script), "the picture does not come to rest"

    def wait(self, what: Callable[[], Any], words: str = "") -> Any:
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE
        while True:
            found = what()
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {words or what}")
            time.sleep(0.03)

    @property
    def state(self) -> dict[str, Any]:
        """The situation as the page tells it."""
        return dict(self.run("return twinViewer.state()"))

    @property
    def stats(self) -> dict[str, float]:
        """Of the last frame."""
        return dict(self.run("return twinViewer.stats()"))

    @property
    def address_part(self) -> str:
        """What follows ``#``."""
        return str(self.run("return location.hash.slice(1)"))

    def place(self, thing: str, side: int = 0) -> tuple[float, float]:
        """Where the middle of a thing is in the page."""
        found = self.run("return twinViewer.project(arguments[0], arguments[1])", thing, side)
        assert found is not None, f"{thing} is not in sight"
        return found["x"], found["y"]

    def under(self, x: float, y: float) -> str:
        """Id of the thing under a place of the page."""
        return str(self.run("return twinViewer.at(arguments[0], arguments[1])", x, y))

    def seen(self, thing: str, side: int = 0) -> tuple[float, float]:
        """A place of the picture at which a thing is seen and no panel lies, near its middle."""
        x, y = self.place(thing, side)
        for radius in range(0, 40, 4):
            for dx, dy in {(0, -radius), (radius, 0), (-radius, 0), (0, radius)}:
                if self.under(x + dx, y + dy) == thing and self.free(x + dx, y + dy):
                    return x + dx, y + dy
        raise AssertionError(f"{thing} is hidden at {x:.0f}, {y:.0f}, under {self.under(x, y) or 'nothing'}")

    def free(self, x: float, y: float) -> bool:
        """Whether the picture lies there, and no panel over it."""
        script = "return !!document.elementFromPoint(...arguments)?.closest('.stage')"
        return bool(self.run(script, x, y))

    def nothing(self) -> tuple[float, float]:
        """A place of the picture under which nothing is."""
        places = ((x, y) for y in range(90, 640, 30) for x in range(360, 1000, 40))
        return next(place for place in places if self.free(*place) and not self.under(*place))

    def all(self, selector: str) -> list[WebElement]:
        """Elements of the page."""
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """The only such element that is shown."""
        shown = [element for element in self.all(selector) if element.is_displayed()]
        assert len(shown) == 1, f"{len(shown)} of {selector}"
        return shown[0]

    def one_or_none(self, selector: str) -> WebElement | None:
        """The first such element that is shown."""
        return next((element for element in self.all(selector) if element.is_displayed()), None)

    @property
    def tip(self) -> str:
        """What stands beside the pointer; empty without."""
        shown = self.one_or_none(".tip")
        return shown.text if shown else ""

    def text(self, selector: str) -> str:
        """Text of an element, as people read it."""
        return self.one(selector).text

    def named(self, role: str, name: str) -> WebElement:
        """The shown element that a screen reader calls so."""
        found = self.wait(lambda: self._named(role, name), f"a {role} {name!r}")
        assert isinstance(found, WebElement)
        return found

    def _named(self, role: str, name: str) -> WebElement | None:
        candidates = f"{_TAGS.get(role, '')}[role={role}]"
        try:
            shown = (
                element for element in self.all(candidates) if element.is_displayed() or role in _COVERED
            )
            return next((element for element in shown if name in (element.accessible_name or "")), None)
        except StaleElementReferenceException:  # drawn anew in the meantime
            return None

    def picture(self, selector: str = ".stage") -> np.ndarray:
        """(height, width, 3) of an element, as it is on the screen once nothing moves."""
        self.rest(360)  # the picture at rest is drawn once more, finer
        box = self.one(selector).rect
        clip = {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"], "scale": 1}
        data = self.command("Page.captureScreenshot", format="png", clip=clip, optimizeForSpeed=True)["data"]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"), dtype=np.int16)

    # -- doing ---------------------------------------------------------------------------------------------------

    def point(self, x: float, y: float) -> None:
        """Move the pointer."""
        actions = ActionChains(self.browser, duration=0)
        actions.w3c_actions.pointer_action.move_to_location(round(x), round(y))
        actions.perform()

    def hover(self, thing: str) -> str:
        """What is told of a thing under the pointer, which moves on it, as a hand does, until something is."""

        def told() -> str:
            x, y = self.seen(thing)
            self.point(x + 1, y)
            self.point(x, y)
            return self.tip

        return str(self.wait(told, f"the tip of {thing}"))

    def click(self, x: float, y: float, times: int = 1) -> None:
        """Move the pointer and press."""
        actions = ActionChains(self.browser, duration=0)
        pointer = actions.w3c_actions.pointer_action.move_to_location(round(x), round(y))
        for _ in range(times):
            pointer.click()
        actions.perform()

    def drag(self, start: tuple[float, float], by: tuple[float, float]) -> None:
        """Press, move and release."""
        actions = ActionChains(self.browser, duration=40)
        pointer = actions.w3c_actions.pointer_action
        pointer.move_to_location(round(start[0]), round(start[1])).pointer_down()
        pointer.move_to_location(round(start[0] + by[0] / 2), round(start[1] + by[1] / 2))
        pointer.move_to_location(round(start[0] + by[0]), round(start[1] + by[1])).pointer_up()
        actions.perform()

    def key(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        ActionChains(self.browser, duration=0).send_keys(*keys).perform()

    def choose(self, name: str, value: str) -> None:
        """Choose a value in a list."""
        option = f"option[value={json.dumps(value)}]"
        self.named("combobox", name).find_element(By.CSS_SELECTOR, option).click()

    def slide(self, slider: WebElement, share: float) -> None:
        """Press a slider where it shows a share of its range."""
        box = slider.rect
        self.click(box["x"] + 8 + (box["width"] - 16) * share, box["y"] + box["height"] / 2)

    def tap(self, x: float, y: float) -> None:
        """Touch and let go."""
        self.touch([(x, y)], [(x, y)], steps=1)

    def touch(
        self, starts: list[tuple[float, float]], ends: list[tuple[float, float]], *, steps: int = 6
    ) -> None:
        """Fingers that move from here to there."""

        def points(share: float) -> list[dict[str, float]]:
            pairs = enumerate(zip(starts, ends, strict=True))
            return [
                {"x": a[0] + share * (b[0] - a[0]), "y": a[1] + share * (b[1] - a[1]), "id": k}
                for k, (a, b) in pairs
            ]

        self.command("Input.dispatchTouchEvent", type="touchStart", touchPoints=points(0))
        for step in range(1, steps + 1) if starts != ends else ():
            self.command("Input.dispatchTouchEvent", type="touchMove", touchPoints=points(step / steps))
        self.command("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    # -- what the browser wrote down -----------------------------------------------------------------------------

    def listen(self) -> None:
        """Take over what the browser wrote down since the last time."""
        self.messages += self.browser.get_log("browser")
        for entry in self.browser.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])

    def asked(self) -> list[str]:
        """Addresses that pages asked for, but for the empty page before each and the browser's own first page."""
        self.listen()
        return [url for url in self.requests if url != "about:blank" and not url.startswith("chrome:")]

    def forget(self) -> None:
        """Forget what was written down."""
        self.listen()
        self.requests, self.messages = [], []


ESCAPE, ENTER, TAB, DOWN, UP, LEFT, RIGHT = (
    Keys.ESCAPE, Keys.ENTER, Keys.TAB, Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ARROW_LEFT, Keys.ARROW_RIGHT,
)  # fmt: skip


def changed(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the pixels that are clearly different."""
    assert before.shape == after.shape, f"{before.shape} and {after.shape}"
    return float((np.abs(after - before).max(axis=-1) > 16).mean())
