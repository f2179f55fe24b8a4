"""Where stories are played: a stack of their own, with a carrier, units and cars, started fresh."""

from __future__ import annotations

import os
import secrets
import signal
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from cli.simulated import directories, processes, world
from cli.simulated.world import FieldUnit, Motorist, World
from cli.story.acts import Doors
from cli.story.bursts import Crowd
from cli.story.story import GUARDS, Story
from runtime.child import ChildStatus
from runtime.settings import Settings
from runtime.stack import OPERATOR, Stack

# Where further cars drive: away from everybody's units.
_ELSEWHERE: Final = "matsumoto-town"
_GUARD: Final = GUARDS[1]


class StoryError(RuntimeError):
    """The story could not be played at all."""


class Stage:
    """A stack for one story, or for several that are common (`Story.is_common`) and played side by side.

    keep: an empty folder for the stack's state, left behind; otherwise a temporary one.
    durable: what was committed outlives a database that is killed; it costs time.
    Raises StoryError, and what Stack raises.
    """

    def __init__(
        self,
        stories: Sequence[Story],
        *,
        time_scale: float,
        keep: Path | None = None,
        durable: bool = False,
    ) -> None:
        self.stories = tuple(stories)
        if len(stories) > 1 and not all(story.is_common for story in stories):
            raise StoryError("only common stories are played side by side")
        self.motorists = {story.name: _cast(number, story) for number, story in enumerate(stories, start=1)}
        first = stories[0]
        others = tuple(_passer_by(number) for number in range(1, max(story.others for story in stories) + 1))
        units = (*first.units, *(_more(number) for number in range(2, len(stories) + 1)))
        self.crowd = tuple(_in_the_crowd(number) for number in range(1, first.crowd + 1))
        self.world = World((*self.motorists.values(), *others, *self.crowd), units, first.desk)
        self.time_scale = time_scale
        self._keep, self._durable = keep, durable
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            folder = self._folder(opening)
            names = [OPERATOR, *(member.name for member in self.world.desk if member.role == "operator")]
            self._tokens = {name: secrets.token_hex(16) for name in names}
            # A story never touches a configured server, nor the ports of a stack that runs.
            settings = Settings.unconfigured(
                state_dir=folder,
                time_scale=self.time_scale,
                plan_file=self._plan(folder),
                operator_tokens={name: SecretStr(token) for name, token in self._tokens.items()},
            )
            roles = processes.with_carrier(self.world)
            self.stack = opening.enter_context(
                Stack(settings, roles=roles, simulate_carrier=True, fast_unsafe=not self._durable)
            )
            self.settings = self.stack.settings
            self._start()
            self.http = opening.enter_context(httpx.Client(timeout=10.0, trust_env=False))
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def is_alone(self) -> bool:
        """Whether all that happens on the stage belongs to one story."""
        return len(self.stories) == 1 and not self.crowd

    @property
    def operator_token(self) -> str:
        """That of the operator who watches; nobody at the desk has it."""
        return self._tokens[OPERATOR]

    def doors(self, story: Story) -> Doors:
        """Everybody's ways into the system in a story."""
        motorist = self.motorists[story.name]
        at_desk = {name: token for name, token in self._tokens.items() if name != OPERATOR}
        return Doors(
            api=self.settings.api_url,
            cars=self._cars_url,
            carrier=self.settings.twilio_base_url,
            car=motorist.device_id,
            driver=self._settled.driver_tokens[motorist.device_id],
            phone=motorist.phone,
            our_number=self.settings.twilio_from_number,
            operators=at_desk or self._tokens,
            supervisor=self.settings.admin_token.get_secret_value(),
        )

    def car(self, story: Story) -> dict[str, Any]:
        """All that the story's car and its device tell of themselves."""
        return self._json(f"{self._cars_url}/devices/{self.motorists[story.name].device_id}")

    def incidents(self, motorist: Motorist) -> list[dict[str, Any]]:
        """A motorist's incidents in full, as an operator reads them."""
        found = self._json(f"{self.settings.api_url}/v1/incidents?limit=200")["incidents"]
        return [
            self._json(f"{self.settings.api_url}/v1/incidents/{one['id']}")
            for one in found
            if one["policy_id"] == motorist.policy_id or self.is_alone
        ]

    def calls(self) -> list[dict[str, Any]]:
        """What the carrier itself says of every call: our own records are not asked."""
        return self._json(f"{self.settings.twilio_base_url}/_sim/calls?short=1")

    def messages(self) -> list[dict[str, Any]]:
        """What the carrier says of every text message."""
        return self._json(f"{self.settings.twilio_base_url}/_sim/messages")

    def devices(self) -> Crowd:
        """A connection that speaks for every device of the crowd."""
        broker = urlsplit(self.settings.mqtt_url.get_secret_value())
        password = self.settings.mqtt_device_password.get_secret_value()
        return Crowd(broker.hostname or "", broker.port or 1883, password, self._settled.shards)

    def work_of_unit(self, unit_id: str) -> dict[str, Any] | None:
        """What a unit sees that it has to do, by its own view."""
        headers = {"Authorization": f"Bearer {self._settled.unit_tokens[unit_id]}"}
        answer = self.http.get(f"{self.settings.api_url}/v1/unit", headers=headers)
        return answer.raise_for_status().json()["dispatch"]

    def call_figures(self) -> dict[str, Any]:
        """How many calls wait, and for how long."""
        return self._json(f"{self.settings.api_url}/v1/figures/calls")

    def policy_of(self, incident_id: str) -> str | None:
        """Whose incident it is."""
        return self._json(f"{self.settings.api_url}/v1/incidents/{incident_id}")["policy_id"]

    def children(self) -> list[ChildStatus]:
        """Every process as it is now."""
        return self.stack.status()

    def kill(self, names: Sequence[str]) -> None:
        """End processes with SIGKILL."""
        for child in self.stack.status():
            if child.name in names and child.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)

    def _folder(self, opening: ExitStack) -> Path:
        folder = self._keep or Path(
            opening.enter_context(tempfile.TemporaryDirectory(prefix="cb-story-", ignore_cleanup_errors=True))
        )
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoryError(f"{folder} is not empty, and a story begins with nothing")
        folder.chmod(0o755)
        return folder

    def _plan(self, folder: Path) -> Path | None:
        if not self.stories[0].plan:
            return None
        file = folder / "story_plan.toml"
        file.write_text(self.stories[0].plan, encoding="utf-8")
        return file

    def _start(self) -> None:
        self.stack.start()
        settings, folder = self.settings, self.stack.state.folder / processes.FOLDER
        directories.import_directories(settings)
        self._settled = world.provision(self.world, settings.api_url, settings.admin_token.get_secret_value())
        world.sign_in(self.world, settings.api_url, self._tokens)
        port = self.stack.state.port("cars", host="127.0.0.1")
        self._cars_url = f"http://127.0.0.1:{port}"
        beside = [processes.field(settings, self.world, self._settled, folder, apps=False)]
        if any(motorist.has_device for motorist in self.world.motorists):
            beside.append(processes.cars(settings, self.world, self._settled, folder, control_port=port))
        self.stack.run_beside(*beside)

    def _json(self, url: str) -> Any:
        headers = {}
        if url.startswith(self.settings.api_url):
            headers = {"Authorization": f"Bearer {self.operator_token}"}
        return self.http.get(url, headers=headers).raise_for_status().json()


def _cast(number: int, story: Story) -> Motorist:
    return Motorist(
        device_id=f"CB-STORY-{number:02d}",
        name="山田 花子",
        car=(f"相模 300 あ {number:02d}-34", "カローラ", "白"),
        route=story.route,
        phone=f"+8190100000{number:02d}",
        contact=f"+8190200000{number:02d}",
        answers=story.driver,
        contact_answers=story.contact,
        script=story.script,
        has_device=story.has_device,
        holder=story.holder,
    )


def _more(number: int) -> FieldUnit:
    """A guard more, so that no story has to wait for another's."""
    return replace(_GUARD, id=f"{_GUARD.id}-{number}", name=f"{_GUARD.name}の{number}")


def _passer_by(number: int) -> Motorist:
    return Motorist(
        device_id=f"CB-OTHER-{number:02d}",
        name="佐藤 健",
        car=(f"松本 500 さ {number:02d}-78", "フィット", "青"),
        route=_ELSEWHERE,
        phone=f"+8190300000{number:02d}",
        contact=f"+8190400000{number:02d}",
    )


def _in_the_crowd(number: int) -> Motorist:
    return Motorist(
        device_id=f"CB-CROWD-{number:03d}",
        name="鈴木 一郎",
        car=(f"湘南 301 ね {number}", "プリウス", "銀"),
        route="",
        phone=f"+819060000{number:03d}",
        contact=f"+819070000{number:03d}",
        answers="answers_fine",
    )
