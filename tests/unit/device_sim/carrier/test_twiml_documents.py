import pytest

from device_sim.carrier import twiml

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

    assert gather == twiml.Gather(
        action="/twilio/gather/1",
        method="POST",
        num_digits=1,
        timeout_s=6,
        finish_on_key="#",
        hears_keys=True,
        action_on_empty=False,
        prompt=(
            twiml.Say("けがをされた方はいますか。", "ja-JP"),
            twiml.Pause(2),
            twiml.Say("問題がなければ1を押してください。", "ja-JP"),
        ),
    )
    assert redirect == twiml.Redirect("/twilio/silence/1", "GET")


def test_other_verbs_and_their_defaults():
    document = """<Response><Say loop="2">Hello</Say><Play>https://example.org/a.mp3</Play><Pause/>
        <Dial action="/after">+815011112222<Number>+815033334444</Number></Dial><Gather/><Hangup/></Response>"""

    say, play, pause, dial, gather, hangup = twiml.parse(document)

    assert say == twiml.Say("Hello", "en-US", 2)
    assert play == twiml.Ignored("Play")
    assert pause == twiml.Pause(1)
    assert dial == twiml.Dial(("+815011112222", "+815033334444"), "/after", "POST", 30)
    assert isinstance(gather, twiml.Gather)
    assert (gather.timeout_s, gather.num_digits, gather.action) == (5, None, "")
    assert hangup == twiml.Hangup()


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
        ("<Response><Dial><Conference>room</Conference></Dial></Response>", 12200, "Conference"),
        ("<Response><Pause length='-1'/></Response>", 12200, "length"),
    ],
)
def test_what_cannot_be_followed_is_refused(document: str, code: int, words: str):
    with pytest.raises(twiml.TwimlError, match=words) as caught:
        twiml.parse(document)

    assert caught.value.code == code


def test_speech_takes_the_time_a_voice_needs():
    assert twiml.speech_s("") == 0
    assert twiml.speech_s("安全な場所に") == pytest.approx(6 / 5)
    assert twiml.speech_s("Are you  all\nright") == pytest.approx(len("Are you all right") / 14)
    assert twiml.Say("安全", "ja-JP", 3).seconds == pytest.approx(6 / 5)
