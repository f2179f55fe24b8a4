"""The judge of stories: whatever is not as it must be is said, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.feed import FeedEvent
from cli.simulated.world import Motorist
from cli.story import judging
from cli.story.acts import press
from cli.story.judging import Seen
from cli.story.stories import STORIES
from cli.story.story import Expect, Story

AT = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
Happened = tuple[float, str, dict[str, Any]]
WHO = Motorist("CB-1", "山田", ("a", "b", "c"), "", phone="+81901", contact="+81902")


def story(**more: Any) -> Story:
    return Story("s", "", press("long"), more.pop("expects", ()), 100, **more)


def seen(of: Story, *happened: Happened, killed: str | None = None) -> Seen:
    events = [
        FeedEvent(n, "i", AT + timedelta(seconds=s), "x", kind, data)
        for n, (s, kind, data) in enumerate(happened)
    ]
    return Seen(of, WHO, 0.1, killed, deed_at=AT, events=events)


def events(of: Story, *happened: Happened, killed: str | None = None) -> list[str]:
    return list(judging.judge_events(seen(of, *happened, killed=killed)))


def calls(of: Story, *account: dict[str, Any]) -> list[str]:
    return list(judging.judge_calls(seen(of), list(account), alone=True))


def call(to: str, begins_s: float, ends_s: float, *, met: str = "", spoken: str = "") -> dict[str, Any]:
    def moment(s: float) -> str:
        return (AT + timedelta(seconds=s)).isoformat()

    return {
        "to": to,
        "from": "+815",
        "direction": "outbound-api",
        "status": "completed",
        "placed_at": moment(begins_s),
        "dialled_at": moment(begins_s),
        "answered_at": moment(begins_s),
        "ended_at": moment(ends_s),
        "spoken": [spoken],
        "conferences": [{"with": [met]}] if met else [],
    }


OPENED = story(expects=(Expect("opened", {"a": 1}, by_s=20), Expect("more", times=-1)))


ONCE: Happened = (1.0, "opened", {"a": 1})
OTHERWISE: Happened = (1.0, "opened", {"a": 2})
TOO_LATE: Happened = (6.5, "opened", {"a": 1})
BESIDES: tuple[Happened, ...] = ((9.0, "more", {}), (9.0, "call_placed", {}))
UNEXPECTED: Happened = (2.0, "closed", {})


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        ((ONCE, *BESIDES), []),
        ((), ["0 times instead of 1"]),
        ((OTHERWISE,), ["0 times instead of 1", "unexpected: opened"]),
        ((ONCE, ONCE), ["2 times instead of 1"]),
        ((TOO_LATE,), ["only 6.5 s after deed"]),
        ((ONCE, UNEXPECTED), ["unexpected: closed"]),
    ],
)
def test_events_are_judged_strictly(happened: tuple[Happened, ...], said: list[str]) -> None:
    found = events(OPENED, *happened)
    assert len(found) == len(said)
    assert all(words in one for words, one in zip(said, found, strict=True))


def test_a_step_on_the_way_is_judged_where_a_story_judges_its_kind() -> None:
    rings: Happened = (1.0, "desk_called", {"round": "all"})
    assert events(story(), rings) == []
    assert events(story(expects=(Expect("desk_called", {"round": "supervisor"}, times=-1),)), rings)


def test_time_may_count_from_another_event() -> None:
    late = story(expects=(Expect("opened"), Expect("push", by_s=5, since="opened")))
    assert events(late, (3.0, "opened", {}), (6.0, "push", {})) == []
    assert events(late, (1.0, "opened", {}), (6.0, "push", {})) == ["push: only 5.0 s after opened"]


def test_after_a_kill_more_time_and_what_follows_from_it_are_borne() -> None:
    given_up: Happened = (20.0, "call_given_up", {})
    assert events(story(), given_up, killed="carrier") == []
    assert events(story(), given_up)


@pytest.mark.parametrize(
    ("opened", "killed", "times", "faults"),
    [
        ({"road": "unknown"}, "broker", 1, 0),
        ({"road": "unknown", "late": True}, None, 1, 0),
        ({"road": "unknown"}, None, 1, 1),
        ({"road": "unknown"}, "carrier", 1, 1),
        ({"road": "expressway"}, "broker", 1, 1),
        ({"road": "unknown"}, "broker", 2, 1),
    ],
)
def test_the_road_may_be_known_later_once_where_positions_were_held_up(
    opened: dict[str, Any], killed: str | None, times: int, faults: int
) -> None:
    known: Happened = (2.0, "road_known", {"road": "general"})
    of = story(expects=(Expect("opened"),))
    assert len(events(of, (1.0, "opened", opened), *[known] * times, killed=killed)) == faults


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ([call("+81901", 0, 2), call("+81901", 3, 4)], []),
        ([call("+81901", 0, 2)], ["rang driver 1 times instead of 2"]),
        ([call("+81901", 0, 2), call("+81901", 1, 4)], ["two calls with driver at a time"]),
        ([call("+81901", 0, 2), call("+81901", 3, 4), call("+81902", 0, 1)], ["rang contact 1 times"]),
        ([call("+81901", 0, 2), call("+81901", 3, 4), call("+8199", 0, 1)], ["a stranger, +8199"]),
    ],
)
def test_calls_are_judged_by_the_carrier(account: list[dict[str, Any]], said: list[str]) -> None:
    found = calls(story(calls={"driver": 2}), *account)
    assert len(found) == len(said)
    assert all(words in one for words, one in zip(said, found, strict=True))


def test_who_met_whom_what_was_heard_and_how_long_somebody_was_held() -> None:
    wanted = story(
        calls={"driver": 1},
        talks=(("driver", "contact"),),
        spoken=(("driver", "大丈夫"),),
        unspoken=(("driver", "救急車が向かって"),),
        stays_s={"driver": 50},
    )
    assert calls(wanted, call("+81901", 0, 6, met="+81902", spoken="大丈夫ですか")) == []
    found = calls(wanted, call("+81901", 0, 4, met="+8199", spoken="救急車が向かっています"))
    assert len(found) == 5


def test_every_story_has_its_name_once_and_counts_only_people_of_its_cast() -> None:
    for name, one in STORIES.items():
        assert name == one.name
        known = {"driver", "contact", *(member.name for member in one.desk)}
        named = {who for pair in (*one.talks, *one.spoken, *one.unspoken) for who in pair[:1]}
        assert {*one.calls, *one.stays_s, *named} <= known, name
