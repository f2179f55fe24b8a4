"""Settings, read from `CBUTTON_…` environment variables and a `.env` file.

Every field's description is its documentation: `cbutton settings` prints it and
docs/settings.md is made from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, Self, cast
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from schemas import topics

PREFIX: Final = "CBUTTON_"
PUSH_SERVICES: Final = (
    "https://fcm.googleapis.com",
    "https://updates.push.services.mozilla.com",
    "https://*.push.apple.com",
    "https://*.notify.windows.com",
)
INJURY_MODIFIERS: Final = ("age", "near_side")


class SettingsError(ValueError):
    """Settings that cannot be used: a line for each, with its variable's name and without its value."""


class Settings(BaseSettings):
    """All settings of all roles. Empty addresses mean: the bundled server, started by `cbutton up`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # it may be a secret
    )

    state_dir: Path | None = Field(
        default=None,
        description="Folder for everything the bundled servers keep. Default: .state in the checkout; "
        "as root a folder under /var/lib/cbutton, because PostgreSQL runs as an unprivileged user.",
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="PostgreSQL or TimescaleDB, as postgresql://user:password@host/name.",
    )
    mqtt_url: SecretStr = Field(
        default=SecretStr(""),
        description="Broker for the backend's own sessions, as mqtt://user:password@host:port.",
    )
    mqtt_device_password: SecretStr = Field(
        default=SecretStr(""),
        description="Password of the bundled broker's user `device`. Default: generated once.",
    )
    mqtt_host: str = Field(default="127.0.0.1", description="Address the bundled broker listens on.")
    mqtt_port: int = Field(
        default=0, ge=0, le=65535, description="Port of the bundled broker; 0 picks a free one once."
    )
    shards: Annotated[tuple[str, ...], NoDecode] = Field(
        default=topics.SHARDS, description="Shards an ingest process serves, as 00-0f or 00,01,0a."
    )

    api_host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(default=0, ge=0, le=65535, description="Port of the API; 0 picks a free one once.")
    public_url: str = Field(
        default="",
        description="The API's address as the telephone carrier and customers see it. Default: where it listens.",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""), description="Signs the tokens of units and drivers. Default: generated once."
    )
    admin_token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token for administration. Default: generated once."
    )
    operator_tokens: Annotated[dict[str, SecretStr], NoDecode] = Field(
        default_factory=dict, description="Operators and their bearer tokens, as name:token,name:token."
    )

    session_hours: float = Field(
        default=12.0, gt=0, description="Whoever signed in has to do it again after so many hours."
    )
    session_idle_minutes: float = Field(
        default=60.0,
        gt=0,
        description="A session ends when its browser was not heard of for so long; an open console is heard of.",
    )
    session_lock_minutes: float = Field(
        default=10.0,
        gt=0,
        description="The console locks itself after so many minutes without anybody at it; so does a session "
        "whose browser was not heard of.",
    )

    insurer_ja: str = Field(
        default="つながる損保", description="The insurer's name, spoken and written in Japanese."
    )
    insurer_en: str = Field(default="Tsunagaru Insurance", description="The insurer's name in English.")

    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        description="Mail server for reports, as smtp://user:password@host:port (STARTTLS where offered) or smtps://. "
        "Default: no mail is sent.",
    )
    mail_from: str = Field(
        default="noreply@localhost", description="Sender of e-mail, as name@domain or Name <name@domain>."
    )
    vapid_private_key: SecretStr = Field(
        default=SecretStr(""),
        description="Key by which push services know us (VAPID, base64url). Default: no web push; apps fetch.",
    )
    vapid_contact: str = Field(
        default="mailto:noreply@localhost",
        description="Whom a push service may write to, as mailto: or https:.",
    )
    push_services: Annotated[tuple[str, ...], NoDecode] = Field(
        default=PUSH_SERVICES,
        description="Push services that apps may subscribe with, as https://host,https://*.host.",
    )

    twilio_account_sid: str = Field(
        default="", description="Twilio account that places calls and sends messages."
    )
    twilio_auth_token: SecretStr = Field(
        default=SecretStr(""), description="Twilio's token: signs our requests and their webhooks."
    )
    twilio_base_url: str = Field(
        default="",
        description="Replaces scheme, host and port of Twilio's API, for a simulated carrier. Default: Twilio.",
    )
    twilio_from_number: str = Field(default="+815000000000", description="Our caller number, E.164.")
    twilio_edge: str = Field(
        default="",
        pattern="^[a-z-]*$",
        description="Twilio's edge that requests enter by, such as tokyo. Default: Twilio's own.",
    )
    twilio_region: str = Field(
        default="",
        pattern="^[a-z0-9]*$",
        description="Twilio's region that works on calls, such as jp1; account and token must be that region's.",
    )
    twilio_timeout_s: float = Field(
        default=5.0, gt=0, description="Longest wait for an answer of the carrier's API."
    )
    calls_per_s: float = Field(
        default=1.0, gt=0, description="Calls started per second, at most; Twilio's default is 1."
    )

    speech: bool = Field(
        default=True, description="Drivers may say their answer instead of pressing a key: true or false."
    )
    amd: bool = Field(
        default=True,
        description="Have the carrier guess whether voicemail picked up; a hint for operators, never an answer.",
    )
    record_calls: bool = Field(
        default=False,
        description="Record conversations with operators; it is announced to everybody on the line.",
    )

    time_scale: float = Field(
        default=1.0,
        gt=0,
        le=10,
        description="Factor on the plan's delays, offers and call rate: 0.1 runs ten times as fast.",
    )
    heartbeat_url: str = Field(
        default="",
        description="Asked for while all is well (a dead-man's switch, such as healthchecks.io). Default: none.",
    )
    heartbeat_s: float = Field(default=60.0, gt=0, description="Seconds between two signs of life.")
    plan_file: Path | None = Field(
        default=None, description="Escalation plan (TOML). Default: the built-in plan."
    )

    geocoder_url: str = Field(
        default="",
        description="Service for finer addresses, with {lat} and {lon} in its address, answering as the Geospatial "
        "Information Authority's LonLatToAddress or Nominatim; it learns where incidents are. Default: none.",
    )
    geocoder_timeout_s: float = Field(
        default=1.0,
        gt=0,
        description="Longest wait for that service; without an answer the offline words stay.",
    )

    tile_url: str = Field(
        default="",
        pattern=r"^(https?://[^{}\s]+/.*\{z\}.*|)$",
        description="Map tiles behind the console's maps, with {z}, {x} and {y}; it learns where people look. "
        "Default: none, the outline of Japan.",
    )
    tile_attribution: str = Field(
        default="", description="Whose tiles they are, as their licence wants it said."
    )

    router_url: str = Field(
        default="",
        description="Router that says how long units drive: an OSRM or Valhalla server, as http://host:port. "
        "Default: an estimate by distance.",
    )
    router_kind: str = Field(
        default="osrm", pattern="^(osrm|valhalla)$", description="What router_url speaks: osrm or valhalla."
    )

    injury_modifiers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=INJURY_MODIFIERS,
        description="What may move the injury models, as age,near_side: the policyholder's age to the decade, and "
        "whether the driver sat on the struck side; none for the models as published.",
    )
    driver_side: str = Field(
        default="right", pattern="^(right|left)$", description="Where drivers sit: right or left."
    )

    frames_keep_hours: float = Field(
        default=24.0,
        gt=0,
        description="Full-rate motion is kept this long; 20,000 cars write about 47 GB an hour.",
    )
    fixes_keep_days: float = Field(default=400.0, gt=0, description="GPS fixes are kept this long.")
    dead_letter_bytes: int = Field(
        default=64 * 2**20,
        gt=0,
        description="Bytes of unreadable messages kept per device and day; the rest is counted.",
    )

    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error."
    )
    log_format: str = Field(
        default="console", pattern="^(console|json)$", description="console for people, json for machines."
    )

    @classmethod
    def load(cls) -> Self:
        """Read them. Raises SettingsError."""
        try:
            return cls()
        except ValidationError as error:
            lines = (
                f"{PREFIX}{'_'.join(map(str, fault['loc'])).upper()}: "
                f"{fault['msg'].removeprefix('Value error, ')}"
                for fault in error.errors(include_input=False, include_url=False)
            )
            raise SettingsError("\n".join(lines)) from None

    @classmethod
    def unconfigured(cls, **changes: Any) -> Self:
        """The defaults and these changes, whatever the environment and `.env` say."""
        defaults: dict[str, Any] = {
            name: field.get_default(call_default_factory=True) for name, field in cls.model_fields.items()
        }
        return cls(**defaults | changes)

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr) -> SecretStr:
        try:
            conninfo_to_dict(value.get_secret_value())
        except ProgrammingError:  # its message would tell the password
            raise ValueError(
                "cannot be read: it is written as postgresql://user:password@host:port/name, "
                "with special characters of the password percent-encoded"
            ) from None
        return value

    @field_validator("mqtt_url")
    @classmethod
    def _check_mqtt_url(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _is_url(value.get_secret_value(), "mqtt"):
            raise ValueError(
                "cannot be read: it is written as mqtt://user:password@host:port, "
                "with special characters of the password percent-encoded; TLS is not spoken"
            )
        return value

    @field_validator("public_url", "twilio_base_url", "heartbeat_url", "router_url")
    @classmethod
    def _check_http_url(cls, value: str) -> str:
        if value and not _is_url(value, "http", "https"):
            raise ValueError("cannot be read: it is written as https://host or http://host:port")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp_url(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _is_url(value.get_secret_value(), "smtp", "smtps"):
            raise ValueError(
                "cannot be read: it is written as smtp://user:password@host:port or smtps://…, "
                "with special characters of the password percent-encoded"
            )
        return value

    @field_validator("push_services", mode="before")
    @classmethod
    def _parse_services(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("geocoder_url")
    @classmethod
    def _check_geocoder(cls, value: str) -> str:
        if value and not (_is_url(value, "http", "https") and "{lat}" in value and "{lon}" in value):
            raise ValueError(
                "cannot be read: it is written as https://host/path?lat={lat}&lon={lon}, with both in braces"
            )
        return value

    @field_validator("state_dir", "plan_file", mode="before")
    @classmethod
    def _take_empty_for_unset(cls, value: object) -> object:
        return value or None

    @field_validator("plan_file")
    @classmethod
    def _make_absolute(cls, value: Path | None) -> Path | None:
        # Roles run in another folder than the one it was named in.
        return value.absolute() if value else None

    @field_validator("shards", mode="before")
    @classmethod
    def _parse_shards(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        first, dash, last = value.partition("-")
        named = (first, last) if dash else tuple(part.strip() for part in value.split(","))
        chosen = tuple(shard for shard in topics.SHARDS if first <= shard <= last) if dash else named
        if not chosen or any(shard not in topics.SHARDS for shard in named):
            raise ValueError("shards are 00 to 0f, written as 00-0f or 00,01,0a")
        return chosen

    @field_validator("injury_modifiers", mode="before")
    @classmethod
    def _parse_modifiers(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        named = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
        if named == ("none",):
            return ()
        if any(name not in INJURY_MODIFIERS for name in named):
            raise ValueError(
                f"modifiers are {' and '.join(INJURY_MODIFIERS)}, written as age,near_side, or none"
            )
        return named

    @field_validator("operator_tokens", mode="before")
    @classmethod
    def _parse_operators(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.partition(":") for part in value.split(",") if part.strip()]
        if any(not name.strip() or not token.strip() for name, _, token in pairs):
            raise ValueError("operator tokens are written as name:token,name:token")
        return {name.strip(): token.strip() for name, _, token in pairs}

    # Not cached: `model_copy` would carry the old value into a copy with another port.
    @property
    def api_url(self) -> str:
        """The API's address for the outside, without a trailing slash."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = reachable_host(self.api_host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.api_port}"

    @property
    def nearest_api_url(self) -> str:
        """The API's address for programs of ours: where it listens, if that is known, not the way round outside."""
        return (self.model_copy(update={"public_url": ""}) if self.api_port else self).api_url

    def environment(self) -> dict[str, str]:
        """These settings as environment variables, for a child process that is to have the same."""
        # Also what is not set: otherwise a file `.env` where the child runs would set it.
        return {f"{PREFIX}{name.upper()}": _as_text(getattr(self, name)) for name in type(self).model_fields}


class SettingRow(NamedTuple):
    """One setting for people: the variable's name, its default ("" for none), what it means."""

    variable: str
    default: str
    description: str


def describe() -> list[SettingRow]:
    """Every setting, in the order of their definition; what docs/settings.md is made from."""
    rows: list[SettingRow] = []
    for name, field in Settings.model_fields.items():
        value = field.get_default(call_default_factory=True)
        default = "00-0f" if value == topics.SHARDS else _as_text(value)
        rows.append(SettingRow(f"{PREFIX}{name.upper()}", default, field.description or ""))
    return rows


def reachable_host(host: str) -> str:
    """The address to connect to for a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _is_url(text: str, *schemes: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in schemes and bool(url.hostname) and url.port != 0
    except ValueError:  # such as a port that is no number
        return False


def _as_text(value: object) -> str:
    """A setting's value as its variable is written."""
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(map(str, cast("tuple[object, ...]", value)))
    if isinstance(value, dict):
        tokens = cast("dict[str, SecretStr]", value)
        return ",".join(f"{name}:{token.get_secret_value()}" for name, token in tokens.items())
    return str(value)
