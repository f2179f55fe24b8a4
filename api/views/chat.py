"""Conversations in writing, links to the answer page, and apps that want to be woken."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from api.fields import Prose, Request, examples

_ID: Final = "0b0f3c52-4f0e-4d0a-9a51-6d9f4a3a1c11"
_SAID: Final[dict[str, Any]] = {
    "id": _ID,
    "at": "2026-10-01T03:00:00Z",
    "operator": None,
    "text": "足が痛くて動けません。",
}
_KEY: Final = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
_ENDPOINT: Final = "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABl"
Party = Literal["driver", "contact"]
Base64Url = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+=*$", max_length=200)]


class WriteRequest(Request):
    """Words to a person. The same id once more changes nothing."""

    model_config = examples({"text": "警備員が12時18分ごろに着きます。", "to": "driver"})

    text: Prose
    to: Party = "driver"
    id: UUID | None = Field(default=None, description="Chosen by the sender, so that it may be sent again.")


class OwnWordsRequest(Request):
    """Words to the operators. The same id once more changes nothing."""

    model_config = examples({"text": "足が痛くて動けません。"})

    text: Prose
    id: UUID | None = Field(default=None, description="Chosen by the sender, so that it may be sent again.")


class SaidView(BaseModel):
    """One message of a conversation."""

    model_config = examples(_SAID)

    id: UUID
    at: AwareDatetime
    operator: str | None = Field(description="Who wrote it; null: the person themselves.")
    text: str


class ConversationView(BaseModel):
    """A conversation, oldest message first."""

    model_config = examples({"messages": [_SAID]})

    messages: list[SaidView]


class LinkRequest(Request):
    """Whom to send a link to."""

    model_config = examples({"to": "contact"})

    to: Party = "driver"


class PushKeys(Request):
    """The keys that a browser gives with a subscription."""

    model_config = examples({"p256dh": _KEY, "auth": "BTBZMqHH6r4Tts7J_aSIgg"})

    p256dh: Base64Url
    auth: Base64Url


class SubscriptionRequest(Request):
    """A browser's PushSubscription, as its toJSON() gives it."""

    model_config = examples(
        {
            "endpoint": _ENDPOINT,
            "expirationTime": None,
            "keys": {"p256dh": _KEY, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
        }
    )

    endpoint: Annotated[str, Field(max_length=1000, description="Where the push service takes pushes.")]
    keys: PushKeys
    expiration_time: float | None = Field(default=None, alias="expirationTime", description="Not used.")


class SubscriptionView(BaseModel):
    """A subscription that is kept; by its id it is removed."""

    model_config = examples({"id": _ID})

    id: UUID


class PushKeyView(BaseModel):
    """What a browser needs to subscribe."""

    model_config = examples({"public_key": _KEY}, {"public_key": None})

    public_key: str | None = Field(
        description="applicationServerKey; null where no push is sent and apps look by themselves."
    )
