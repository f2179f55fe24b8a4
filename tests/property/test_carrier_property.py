"""However often a call is looked at, it goes the same way: a carrier that was dead for a while catches up."""

from hypothesis import given
from hypothesis import strategies as st

from device_sim.carrier import conversation
from device_sim.carrier.calls import Call, Pace, Stage, Step, World, begin, placed
from device_sim.carrier.orders import CallOrder
from device_sim.carrier.people import Person, Temperament
from device_sim.carrier.timeline import Entry

TO = "+819011112222"
VERBS = (
    "<Say>まず、安全な場所にいてください。</Say>",
    "<Pause length='3'/>",
    "<Gather numDigits='2' timeout='4' action=''><Say>問題がなければ1を押してください。</Say></Gather>",
    "<Gather numDigits='2' timeout='1'><Say>痛い</Say></Gather>",
    "<Dial timeout='7'>+815099990000</Dial>",
    "<Play>https://example.org/a.mp3</Play>",
    "<Hangup/>",
)

documents = st.lists(st.sampled_from(VERBS), max_size=5).map(
    lambda verbs: f"<Response>{''.join(verbs)}</Response>"
)
instants = st.lists(st.floats(0, 400), max_size=12).map(lambda found: [*sorted(found), 20_000.0])


def tell(call: Call, times: list[float], world: World) -> tuple[Call, list[Entry], list[dict[str, str]]]:
    entries: list[Entry] = []
    callbacks: list[dict[str, str]] = []
    for now in times:
        step = conversation.advance(call, now, world)
        entries += step.entries
        callbacks += step.callbacks
        call = step.call
    return call, entries, callbacks


@given(
    temperaments=st.tuples(st.sampled_from(Temperament), st.sampled_from(Temperament)),
    document=documents,
    times=instants,
    scale=st.sampled_from((1.0, 0.1)),
    ring_s=st.integers(1, 40),
)
def test_looking_often_or_once_tells_the_same_story(
    temperaments: tuple[Temperament, Temperament],
    document: str,
    times: list[float],
    scale: float,
    ring_s: int,
):
    driver, desk = (Person(temperament=temperament) for temperament in temperaments)
    world = World({TO: driver, "+815099990000": desk}, Pace(scale))
    order = CallOrder(
        to=TO,
        from_="+815000000000",
        url="",
        method="POST",
        twiml=document,
        fallback_url="",
        fallback_method="POST",
        status_callback="https://insurer.example/s",
        status_callback_method="POST",
        status_callback_events=("initiated", "ringing", "answered", "completed"),
        ring_s=ring_s,
        limit_s=600,
    )
    step = Step(placed("CA1", "AC1", order, 0.0), world)
    begin(step, 0.0)

    often = tell(step.call, times, world)
    once = tell(step.call, times[-1:], world)

    assert often == once
    call, entries, callbacks = once
    # An inline document has no address, so keys sent to the current document end the call with an error.
    assert call.stage is Stage.ENDED
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert [params["SequenceNumber"] for params in callbacks] == [
        str(n) for n in range(1, len(callbacks) + 1)
    ]
