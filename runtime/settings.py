"""Settings, read from `CBUTTON_…` environment variables and a `.env` file.

Every field's description is its documentation: `cbutton settings` prints it and
docs/settings.md is made from it.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from schemas import topics


class Settings(BaseSettings):
    """All settings of all roles. Empty addresses mean: the bundled server, started by `cbutton up`."""

    model_config = SettingsConfigDict(env_prefix="CBUTTON_", env_file=".env", extra="ignore", frozen=True)

    state_dir: Path | None = Field(
        None,
        description="Folder for everything the bundled servers keep. Default: .state in the checkout; "
        "as root a folder under /var/lib/cbutton, because PostgreSQL runs as an unprivileged user.",
    )
    database_url: SecretStr = Field(
        SecretStr(""), description="PostgreSQL or TimescaleDB, as postgresql://user:password@host/name."
    )
    mqtt_url: SecretStr = Field(
        SecretStr(""), description="Broker for the backend's own sessions, as mqtt://user:password@host:port."
    )
    mqtt_device_password: SecretStr = Field(
        SecretStr(""), description="Password of the bundled broker's user `device`. Default: generated once."
    )
    mqtt_host: str = Field("127.0.0.1", description="Address the bundled broker listens on.")
    mqtt_port: int = Field(0, ge=0, le=65535, description="Port of the bundled broker; 0 picks a free one once.")
    shards: Annotated[tuple[str, ...], NoDecode] = Field(
        topics.SHARDS, description="Shards an ingest process serves, as 00-0f or 00,01,0a."
    )

    api_host: str = Field("127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(0, ge=0, le=65535, description="Port of the API; 0 picks a free one once.")
    public_url: str = Field(
        "", description="The API's address as the telephone carrier and customers see it. Default: where it listens."
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="Signs the tokens of units and drivers. Default: generated once."
    )
    admin_token: SecretStr = Field(
        SecretStr(""), description="Bearer token for administration. Default: generated once."
    )
    operator_tokens: Annotated[dict[str, SecretStr], NoDecode] = Field(
        default_factory=dict, description="Operators and their bearer tokens, as name:token,name:token."
    )

    insurer_ja: str = Field("つながる損保", description="The insurer's name, spoken and written in Japanese.")
    insurer_en: str = Field("Tsunagaru Insurance", description="The insurer's name in English.")

    twilio_account_sid: str = Field("", description="Twilio account that places calls and sends messages.")
    twilio_auth_token: SecretStr = Field(
        SecretStr(""), description="Twilio's token: signs our requests and their webhooks."
    )
    twilio_base_url: str = Field(
        "", description="Replaces scheme, host and port of Twilio's API, for a simulated carrier. Default: Twilio."
    )
    twilio_from_number: str = Field("+815000000000", description="Our caller number, E.164.")
    twilio_timeout_s: float = Field(10.0, gt=0, description="Longest wait for an answer of the carrier's API.")
    calls_per_s: float = Field(1.0, gt=0, description="Calls started per second, at most; Twilio's default is 1.")

    time_scale: float = Field(
        1.0, gt=0, le=10, description="Factor on the plan's delays, offers and call rate: 0.1 runs ten times as fast."
    )
    plan_file: Path | None = Field(None, description="Escalation plan (TOML). Default: the built-in plan.")

    frames_keep_hours: float = Field(
        24.0, gt=0, description="Full-rate motion is kept this long; 20,000 cars write about 47 GB an hour."
    )
    fixes_keep_days: float = Field(400.0, gt=0, description="GPS fixes are kept this long.")
    dead_letter_bytes: int = Field(
        64 * 2**20, gt=0, description="Bytes of unreadable messages kept per device and day; the rest is counted."
    )

    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error.")
    log_format: str = Field("console", pattern="^(console|json)$", description="console for people, json for machines.")

    @field_validator("shards", mode="before")
    @classmethod
    def _parse_shards(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if "-" in value:
            first, _, last = value.partition("-")
            chosen = tuple(shard for shard in topics.SHARDS if first <= shard <= last)
        else:
            chosen = tuple(part.strip() for part in value.split(","))
        if not chosen or any(shard not in topics.SHARDS for shard in chosen):
            raise ValueError("shards are 00 to 0f, written as 00-0f or 00,01,0a")
        return chosen

    @field_validator("operator_tokens", mode="before")
    @classmethod
    def _parse_operators(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.partition(":") for part in value.split(",") if part.strip()]
        if any(not name.strip() or not token.strip() for name, _, token in pairs):
            raise ValueError("operator tokens are written as name:token,name:token")
        return {name.strip(): token.strip() for name, _, token in pairs}

    @cached_property
    def api_url(self) -> str:
        """The API's address for the outside, without a trailing slash."""
        return (self.public_url or f"http://{self.api_host}:{self.api_port}").rstrip("/")
