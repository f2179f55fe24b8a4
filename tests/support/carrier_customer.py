"""An insurer at the simulated carrier: a customer with documents, and calls placed through the real SDK."""

from __future__ import annotations

from typing import Any

from support.telephone import WE, Customer
from twilio.rest import Client

EVENTS = ["initiated", "ringing", "answered", "completed"]
FINE, HELP, MACHINE, NOBODY, SILENT, SPEAKER, OPERATOR = (f"+819000000{n:03}" for n in range(1, 8))
ASK = (
    '<Response><Gather action="/gather" numDigits="1" timeout="5"><Say language="ja-JP">'
    "けがをされた方はいますか。問題がなければ1を押してください。</Say></Gather>"
    '<Say language="ja-JP">お返事が聞こえません。</Say></Response>'
)
PEOPLE: dict[str, object] = {
    FINE: "answers_fine",
    HELP: "asks_help",
    MACHINE: "voicemail",
    NOBODY: "never_answers",
    SILENT: "silent",
    SPEAKER: "speaks_help",
    OPERATOR: "takes_call",
}


def furnish(insurer: Customer) -> None:
    """Give the customer the documents of an ordinary call."""
    insurer.documents["/voice"] = ASK
    insurer.documents["/gather"] = lambda params: (
        f"<Response><Say language='ja-JP'>{params['Digits']}ですね。</Say></Response>"
    )


def place(sdk: Client, insurer: Customer, to: str, *, overrides: str = "", **more: Any) -> str:
    """Order a call with every event; its sid."""
    call = sdk.calls.create(
        to=to,
        from_=WE,
        **{
            "url": f"{insurer.url}/voice{overrides}",
            "status_callback": f"{insurer.url}/status{overrides}",
            "status_callback_event": EVENTS,
            "timeout": 14,
        }
        | more,
    )
    assert call.status == "queued"
    assert call.sid is not None
    return call.sid


def ended(insurer: Customer) -> bool:
    """Whether the end of a call was told."""
    return any("CallDuration" in heard.params for heard in insurer.at("/status"))
