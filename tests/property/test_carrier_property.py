"""However often the carrier is looked at, its world goes the same way: one that was dead for a while catches up."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.carrier_story import ORDER, Calls

from device_sim.carrier.calls import Stage
from device_sim.carrier.people import Person, Temperament

DRIVER, DESK, CONTACT = "+819011112222", "+815099990000", "+819011113333"
TOLD = "statusCallback='https://insurer.example/r' statusCallbackEvent='start end join leave'"
VERBS = (
    "<Say>まず、安全な場所にいてください。</Say>",
    "<Pause length='3'/>",
    "<Gather numDigits='2' timeout='4' action=''><Say>問題がなければ1を押してください。</Say></Gather>",
    "<Gather numDigits='2' timeout='1'><Say>痛い</Say></Gather>",
    "<Gather input='dtmf speech' speechTimeout='auto' language='ja-JP'><Say>大丈夫ですか</Say></Gather>",
    "<Dial timeout='7'>+815099990000</Dial>",
    "<Dial><Conference waitUrl=''>cb-1</Conference></Dial>",
    f"<Dial><Conference endConferenceOnExit='true' beep='false' {TOLD}>cb-1</Conference></Dial>",
    "<Dial><Conference startConferenceOnEnter='false'>cb-1</Conference></Dial>",
    "<Dial><Conference>cb-2</Conference></Dial>",
    "<Play>https://example.org/a.mp3</Play>",
    "<Hangup/>",
)

documents = st.lists(st.sampled_from(VERBS), max_size=5).map(
    lambda verbs: f"<Response>{''.join(verbs)}</Response>"
)
instants = st.lists(st.floats(0, 400), max_size=12).map(lambda found: [*sorted(found), 20_000.0])
people = st.tuples(*[st.sampled_from(Temperament)] * 3)
asked = st.lists(documents, min_size=1, max_size=3)


def tell(
    temperaments: tuple[Temperament, ...], told: list[str], times: list[float], scale: float, ring_s: int
) -> Calls:
    numbers = (DRIVER, DESK, CONTACT)
    world = Calls(
        {number: Person(temperament=how) for number, how in zip(numbers, temperaments, strict=True)}, scale
    )
    for index, document in enumerate(told):
        # An inline document has no address, so keys sent to the current document end the call with an error.
        order = replace(ORDER, to=numbers[index], url="", twiml=document, ring_s=ring_s)
        world.place(f"CA{index}", order, at=float(index))
    for now in times:
        world.at(now)
    return world


@given(
    temperaments=people,
    told=asked,
    times=instants,
    scale=st.sampled_from((1.0, 0.1)),
    ring_s=st.integers(1, 40),
)
def test_looking_often_or_once_tells_the_same_story(
    temperaments: tuple[Temperament, ...], told: list[str], times: list[float], scale: float, ring_s: int
):
    often = tell(temperaments, told, times, scale, ring_s)
    once = tell(temperaments, told, times[-1:], scale, ring_s)

    assert (often.lines, often.outgoing, often.known) == (once.lines, once.outgoing, once.known)
    assert [at for _, at, _ in once.lines if at > len(told)] == sorted(
        at for _, at, _ in once.lines if at > len(told)
    )
    for sid, call in once.known.items():
        assert call.stage is Stage.ENDED
        numbers = [params["SequenceNumber"] for params in once.sent("status") if params["CallSid"] == sid]
        assert numbers == [str(number) for number in range(len(numbers))]


@given(temperaments=people, told=asked, scale=st.sampled_from((1.0, 0.1)), ring_s=st.integers(1, 40))
def test_conferences_begin_end_and_leave_nobody_behind(
    temperaments: tuple[Temperament, ...], told: list[str], scale: float, ring_s: int
):
    world = tell(temperaments, told, [20_000.0], scale, ring_s)

    assert not world.board.conferences
    for room in world.rooms.values():
        kinds = [kind for _, kind in world.kinds(room.sid)]
        assert (room.members, room.status) == ((), "completed")
        assert (kinds[0], kinds[-1]) == ("created", "ended")
        assert kinds.count("joined") == kinds.count("left") > 0
        assert ("began" in kinds) == (room.started_at is not None)
        events = [params for params in world.sent("conference") if params["ConferenceSid"] == room.sid]
        assert [params["SequenceNumber"] for params in events] == [str(n + 1) for n in range(len(events))]
    for sid in world.known:
        kinds = [kind for _, kind in world.kinds(sid)]
        assert kinds.count("joined") == kinds.count("left")
