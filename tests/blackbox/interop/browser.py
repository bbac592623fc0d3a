"""Headless Chromium, driven by its DevTools protocol through a pair of named pipes.

Messages are JSON, each ended by NUL (chromium's content/public/browser/devtools_pipe_handler). Each
browser gets a fresh profile and is told to contact nothing outside; in a lab it couldn't.
"""

import json
import os
import select
import time
from collections.abc import Callable
from typing import Any

from conftest import Bench
from programs import Service

OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync",
           "--disable-dev-shm-usage", "--no-default-browser-check", "--remote-debugging-pipe")
START_S = 60


class Browser:
    """One browser with one page; keeps every event it reports."""

    def __init__(self, bench: Bench, *options: str) -> None:
        folder = bench.results / "chromium"
        (folder / "profile").mkdir(parents=True)
        down, up = folder / "commands", folder / "events"
        for pipe in (down, up):
            os.mkfifo(pipe)
        # Chromium reads from descriptor 3 and writes to 4.
        self.service = Service(
            bench, "chromium", "sh", "-c", f'exec "$@" 3<"{down}" 4>"{up}"', "sh", "env",
            f"HOME={folder}", f"XDG_CONFIG_HOME={folder}", f"XDG_CACHE_HOME={folder}", "chromium",
            *OPTIONS, *options, f"--user-data-dir={folder}/profile", "about:blank")
        # Opened for both ways, so that neither end waits for the other.
        self._down = os.open(down, os.O_RDWR)
        self._up = os.open(up, os.O_RDWR | os.O_NONBLOCK)
        self._buffer = b""
        self._last = 0
        self.events: list[dict[str, Any]] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._session: str | None = None
        bench.on_close(self.close)
        self._attach()

    def _attach(self) -> None:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Runs a command; returns its result."""
        self._last += 1
        number = self._last
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._down, json.dumps(message).encode() + b"\0")
        self.wait(lambda: number in self._answers, f"an answer to {method}", START_S)
        answer = self._answers.pop(number)
        assert "error" not in answer, answer
        return answer["result"]

    def wait(self, condition: Callable[[], bool], what: str, deadline_s: float) -> None:
        """Handles messages until a condition holds."""
        end = time.monotonic() + deadline_s
        while not condition():
            self.service.is_alive()
            assert time.monotonic() < end, f"{what}: not within {deadline_s} s"
            if select.select([self._up], [], [], 0.2)[0]:
                self._take()

    def _take(self) -> None:
        *messages, self._buffer = (self._buffer + os.read(self._up, 1 << 20)).split(b"\0")
        for text in messages:
            message = json.loads(text)
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self.events.append(message)

    def told(self, method: str) -> list[dict[str, Any]]:
        """The parameters of all events of this kind so far."""
        return [event["params"] for event in self.events if event["method"] == method]

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        return self.ask("Runtime.evaluate", expression=expression,
                        returnByValue=True)["result"].get("value")

    def resolved(self, expression: str) -> Any:
        """The value of a promise in the page."""
        told = self.ask("Runtime.evaluate", expression=expression, returnByValue=True,
                        awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def complaints(self) -> list[dict[str, Any]]:
        """Everything that a developer would see in red or yellow."""
        logged = [told["entry"] for told in self.told("Log.entryAdded")
                  if told["entry"]["level"] in ("warning", "error")]
        said = [told for told in self.told("Runtime.consoleAPICalled")
                if told["type"] in ("warning", "error", "assert")]
        return [*logged, *said, *self.told("Runtime.exceptionThrown"),
                *self.told("Network.loadingFailed")]

    def close(self) -> None:
        if self.service.process.poll() is None:
            self._session = None
            self._last += 1
            os.write(self._down, json.dumps({"id": self._last,
                                             "method": "Browser.close"}).encode() + b"\0")
        self.service.end()
        os.close(self._down)
        os.close(self._up)
