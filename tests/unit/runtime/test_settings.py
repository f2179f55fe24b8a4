from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from runtime.generated import settings_page
from runtime.settings import Settings, SettingsError, describe

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def without_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_documentation_of_settings_is_true() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page()


def test_every_setting_is_described() -> None:
    rows = describe()
    assert [row.variable for row in rows] == [f"CBUTTON_{name.upper()}" for name in Settings.model_fields]
    assert [row.variable for row in rows if not row.description.endswith(".")] == []
    by_name = {row.variable: row.default for row in rows}
    assert by_name["CBUTTON_SHARDS"] == "00-0f"
    assert by_name["CBUTTON_STATE_DIR"] == ""
    assert by_name["CBUTTON_MQTT_HOST"] == "127.0.0.1"


def test_a_child_given_the_environment_has_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        state_dir=Path("/var/lib/somewhere"),
        database_url=SecretStr("postgresql://a:b@/c?host=%2Ftmp"),
        shards=("00", "0a"),
        operator_tokens={"hana": SecretStr("t1"), "ken": SecretStr("t2:3")},
        insurer_ja="試験損保",
        time_scale=0.1,
        api_port=8080,
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_defaults_survive_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings()
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


@pytest.mark.parametrize("shards", ["", "10", "00-10x", "0f-00", "00,zz"])
def test_bad_shards_are_refused(monkeypatch: pytest.MonkeyPatch, shards: str) -> None:
    monkeypatch.setenv("CBUTTON_SHARDS", shards)
    with pytest.raises(ValidationError, match="shards are 00 to 0f"):
        Settings()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("age,near_side", ("age", "near_side")),
        (" near_side , age,age", ("near_side", "age")),
        ("age", ("age",)),
        ("none", ()),
        ("", ()),
    ],
)
def test_injury_modifiers_are_listed_or_none(
    monkeypatch: pytest.MonkeyPatch, written: str, meant: tuple[str, ...]
) -> None:
    assert Settings().injury_modifiers == ("age", "near_side")
    monkeypatch.setenv("CBUTTON_INJURY_MODIFIERS", written)
    assert Settings().injury_modifiers == meant
    monkeypatch.setenv("CBUTTON_INJURY_MODIFIERS", Settings().environment()["CBUTTON_INJURY_MODIFIERS"])
    assert Settings().injury_modifiers == meant


def test_the_address_of_the_api() -> None:
    settings = Settings(api_port=8000)
    assert settings.api_url == "http://127.0.0.1:8000"
    assert settings.model_copy(update={"api_port": 9000}).api_url == "http://127.0.0.1:9000"
    assert Settings(api_host="0.0.0.0", api_port=1).api_url == "http://127.0.0.1:1"
    assert Settings(api_host="::1", api_port=1).api_url == "http://[::1]:1"
    assert Settings(public_url="https://x.example/y/").api_url == "https://x.example/y"


def test_programs_of_ours_do_not_go_round_outside_to_the_api() -> None:
    assert Settings(public_url="https://x.example", api_port=80).nearest_api_url == "http://127.0.0.1:80"
    assert Settings(public_url="https://x.example").nearest_api_url == "https://x.example"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("MQTT_PORT", "abc", "valid integer"),
        ("API_PORT", "65536", "less than or equal to 65535"),
        ("TIME_SCALE", "0", "greater than 0"),
        ("LOG_LEVEL", "loud", "debug|info|warning|error"),
        ("MQTT_URL", "localhost:1883", "mqtt://user:password@host:port"),
        ("MQTT_URL", "mqtts://u:hush@broker:8883", "TLS is not spoken"),
        ("MQTT_URL", "mqtt://u:hush@broker:x", "mqtt://user:password@host:port"),
        ("MQTT_URL", "mqtt://u:hu/sh@broker:1883", "percent-encoded"),
        ("DATABASE_URL", "mysql://u:hush@h/d", "postgresql://user:password@host:port/name"),
        ("DATABASE_URL", "postgresql://u:hush%zz@h/d", "percent-encoded"),
        ("PUBLIC_URL", "calls.example", "https://host"),
        ("TWILIO_BASE_URL", "ftp://calls.example", "https://host"),
        ("OPERATOR_TOKENS", "hana=hush", "name:token,name:token"),
        ("INJURY_MODIFIERS", "age,belt", "age and near_side"),
        ("INJURY_MODIFIERS", "age,none", "age and near_side"),
        ("DRIVER_SIDE", "middle", "right|left"),
    ],
)
def test_a_bad_setting_is_named_and_its_value_not_told(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(f"CBUTTON_{variable}", value)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    told = str(caught.value)
    assert told.startswith(f"CBUTTON_{variable}: ")
    assert words in told
    assert "\n" not in told
    assert "hush" not in told
    with pytest.raises(ValidationError) as traced:
        Settings()
    assert "hush" not in str(traced.value)


def test_every_bad_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUTTON_MQTT_PORT", "x")
    monkeypatch.setenv("CBUTTON_API_PORT", "y")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "CBUTTON_MQTT_PORT",
        "CBUTTON_API_PORT",
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MQTT_URL", "mqtt://cbutton:p%40ss@[::1]:1883"),
        ("MQTT_URL", "mqtt://broker"),
        ("DATABASE_URL", "postgresql://cbutton:p%40ss@/cbutton?host=%2Ftmp%2Fx&port=5432"),
        ("DATABASE_URL", "host=db user=cbutton dbname=cbutton"),
        ("PUBLIC_URL", "https://calls.example/button/"),
    ],
)
def test_good_addresses_are_taken(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(f"CBUTTON_{variable}", value)
    assert Settings.load().environment()[f"CBUTTON_{variable}"] == value


def test_a_plan_is_found_from_wherever_a_role_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CBUTTON_PLAN_FILE", "plan.toml")
    assert Settings.load().plan_file == tmp_path / "plan.toml"


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CBUTTON_STATE_DIR", "")
    monkeypatch.setenv("CBUTTON_PLAN_FILE", "")
    assert (Settings().state_dir, Settings().plan_file) == (None, None)


def test_a_child_is_not_told_otherwise_by_a_file_where_it_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in Settings().environment().items():
        monkeypatch.setenv(name, value)
    (tmp_path / ".env").write_text("CBUTTON_PLAN_FILE=other.toml\nCBUTTON_API_PORT=1\n")
    assert Settings() == Settings.unconfigured()


def test_what_is_configured_can_be_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CBUTTON_API_PORT", "nonsense")
    monkeypatch.setenv("CBUTTON_OPERATOR_TOKENS", "hana:t1")
    (tmp_path / ".env").write_text("CBUTTON_SHARDS=00\n")
    settings = Settings.unconfigured(time_scale=0.1)
    assert (settings.api_port, settings.operator_tokens, len(settings.shards)) == (0, {}, 16)
    assert settings.time_scale == 0.1
