import pytest

from device_sim.carrier import twiml, verbs

GREETING = """<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Gather action="/twilio/gather/1" numDigits="1" timeout="6" input="dtmf" method="POST" language="ja-JP">
    <Say language="ja-JP" voice="Polly.Mizuki">けがをされた方は<break time="1s"/>いますか。</Say>
    <Pause length="2"/>
    <Say language="ja-JP">問題がなければ1を押してください。</Say>
  </Gather>
  <Redirect method="GET">/twilio/silence/1</Redirect>
</Response>"""


def test_a_greeting_is_read_whole():
    gather, redirect = twiml.parse(GREETING)

    assert gather == verbs.Gather(
        action="/twilio/gather/1",
        method="POST",
        num_digits=1,
        timeout_s=6,
        finish_on_key="#",
        hears_keys=True,
        hears_speech=False,
        language="ja-JP",
        speech_timeout_s=6,
        action_on_empty=False,
        prompt=(
            verbs.Say("けがをされた方はいますか。", "ja-JP"),
            verbs.Pause(2),
            verbs.Say("問題がなければ1を押してください。", "ja-JP"),
        ),
    )
    assert redirect == verbs.Redirect("/twilio/silence/1", "GET")


def test_other_verbs_and_their_defaults():
    document = """<Response><Say loop="2">Hello</Say><Play>https://example.org/a.mp3</Play><Pause/>
        <Dial action="/after">+815011112222<Number>+815033334444</Number></Dial><Gather/><Hangup/></Response>"""

    say, play, pause, dial, gather, hangup = twiml.parse(document)

    assert say == verbs.Say("Hello", "en-US", 2)
    assert play == verbs.Ignored("Play")
    assert pause == verbs.Pause(1)
    assert dial == verbs.Dial(("+815011112222", "+815033334444"), "/after", "POST", 30)
    assert isinstance(gather, verbs.Gather)
    assert (gather.timeout_s, gather.num_digits, gather.action) == (5, None, "")
    assert hangup == verbs.Hangup()


def test_a_conference_is_read_whole():
    document = """<Response><Dial action="/left" method="GET" record="record-from-answer"><Conference
        startConferenceOnEnter="false" endConferenceOnExit="true" beep="false" muted="true" waitUrl=""
        maxParticipants="3" record="record-from-start" statusCallback="/room" statusCallbackEvent="start end"
        >cb-7</Conference></Dial></Response>"""

    (dial,) = twiml.parse(document)

    assert dial == verbs.Dial(
        (),
        "/left",
        "GET",
        30,
        verbs.Room(
            name="cb-7",
            starts=False,
            ends=True,
            muted=True,
            beep="false",
            wait_url="",
            most=3,
            record=True,
            callback_url="/room",
            callback_events=("start", "end"),
        ),
        record=True,
    )


def test_a_conference_has_twilios_defaults():
    (dial,) = twiml.parse("<Response><Dial><Conference>cb-7</Conference></Dial></Response>")

    assert isinstance(dial, verbs.Dial)
    assert dial.room == verbs.Room("cb-7")
    assert dial.room is not None
    assert (dial.room.starts, dial.room.ends, dial.room.wait_url, dial.room.most) == (True, False, None, 250)


def test_words_are_listened_for_where_they_are_asked_for():
    (gather,) = twiml.parse(
        "<Response><Gather input='dtmf speech' language='ja-JP' hints='はい,いいえ' speechTimeout='auto'/></Response>"
    )

    assert isinstance(gather, verbs.Gather)
    assert (gather.hears_keys, gather.hears_speech, gather.language) == (True, True, "ja-JP")
    assert gather.speech_timeout_s == twiml.AUTO_SPEECH_TIMEOUT_S


@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        ("", 12100, "not XML"),
        ("<Response><Say>Hello</Response>", 12100, "not XML"),
        ("<html/>", 12102, "html"),
        ("<Response><Sey>Hello</Sey></Response>", 12200, "Sey"),
        ("<Response><Say langauge='ja-JP'>Hello</Say></Response>", 12200, "langauge"),
        ("<Response><Say>Press <Pause/></Say></Response>", 12200, "Pause"),
        ("<Response><Say loop='0'>Hello</Say></Response>", 12200, "loop"),
        ("<Response><Gather numDigits='0'/></Response>", 12200, "numDigits"),
        ("<Response><Gather numDigits='one'/></Response>", 12200, "numDigits"),
        ("<Response><Gather input='keys'/></Response>", 12200, "input"),
        ("<Response><Gather finishOnKey='12'/></Response>", 12200, "finishOnKey"),
        ("<Response><Gather actionOnEmptyResult='yes'/></Response>", 12200, "actionOnEmptyResult"),
        ("<Response><Gather><Hangup/></Gather></Response>", 12200, "Hangup"),
        ("<Response><Gather><Say><Gather/></Say></Gather></Response>", 12200, "Gather"),
        ("<Response><Redirect method='PUT'>/a</Redirect></Response>", 12200, "PUT"),
        ("<Response><Dial/></Response>", 12200, "number"),
        ("<Response><Dial>+81501234567<Conference>a</Conference></Dial></Response>", 12200, "both"),
        ("<Response><Dial><Queue>a</Queue></Dial></Response>", 12200, "Queue"),
        ("<Response><Dial><Conference/></Dial></Response>", 13213, "name"),
        ("<Response><Dial><Conference beep='loud'>a</Conference></Dial></Response>", 13231, "loud"),
        ("<Response><Dial><Conference waitURL='/w'>a</Conference></Dial></Response>", 12200, "waitURL"),
        ("<Response><Dial><Conference record='true'>a</Conference></Dial></Response>", 12200, "record"),
        ("<Response><Dial><Conference maxParticipants='1'>a</Conference></Dial></Response>", 13234, "250"),
        (
            "<Response><Dial><Conference statusCallbackEvent='join left'>a</Conference></Dial></Response>",
            13242,
            "left",
        ),
        ("<Response><Gather input='speech' speechTimeout='soon'/></Response>", 12200, "speechTimeout"),
        ("<Response><Pause length='-1'/></Response>", 12200, "length"),
    ],
)
def test_what_cannot_be_followed_is_refused(document: str, code: int, words: str):
    with pytest.raises(twiml.TwimlError, match=words) as caught:
        twiml.parse(document)

    assert caught.value.code == code


def test_speech_takes_the_time_a_voice_needs():
    assert verbs.speech_s("") == 0
    assert verbs.speech_s("安全な場所に") == pytest.approx(6 / 5)
    assert verbs.speech_s("Are you  all\nright") == pytest.approx(len("Are you all right") / 14)
    assert verbs.Say("安全", "ja-JP", 3).seconds == pytest.approx(6 / 5)
