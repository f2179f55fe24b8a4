from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Stamp(_message.Message):
    __slots__ = ("version", "boot_id", "sequence", "event_uptime_ms", "sent_uptime_ms", "event_wall_ms", "clock")
    class Clock(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNSET: _ClassVar[Stamp.Clock]
        GPS: _ClassVar[Stamp.Clock]
        NETWORK: _ClassVar[Stamp.Clock]
        RTC: _ClassVar[Stamp.Clock]
    UNSET: Stamp.Clock
    GPS: Stamp.Clock
    NETWORK: Stamp.Clock
    RTC: Stamp.Clock
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BOOT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_UPTIME_MS_FIELD_NUMBER: _ClassVar[int]
    SENT_UPTIME_MS_FIELD_NUMBER: _ClassVar[int]
    EVENT_WALL_MS_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    version: int
    boot_id: int
    sequence: int
    event_uptime_ms: int
    sent_uptime_ms: int
    event_wall_ms: int
    clock: Stamp.Clock
    def __init__(self, version: _Optional[int] = ..., boot_id: _Optional[int] = ..., sequence: _Optional[int] = ..., event_uptime_ms: _Optional[int] = ..., sent_uptime_ms: _Optional[int] = ..., event_wall_ms: _Optional[int] = ..., clock: _Optional[_Union[Stamp.Clock, str]] = ...) -> None: ...

class Fix(_message.Message):
    __slots__ = ("uptime_ms", "lat_deg", "lon_deg", "speed_mps", "heading_deg", "accuracy_m")
    UPTIME_MS_FIELD_NUMBER: _ClassVar[int]
    LAT_DEG_FIELD_NUMBER: _ClassVar[int]
    LON_DEG_FIELD_NUMBER: _ClassVar[int]
    SPEED_MPS_FIELD_NUMBER: _ClassVar[int]
    HEADING_DEG_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_M_FIELD_NUMBER: _ClassVar[int]
    uptime_ms: int
    lat_deg: float
    lon_deg: float
    speed_mps: float
    heading_deg: float
    accuracy_m: float
    def __init__(self, uptime_ms: _Optional[int] = ..., lat_deg: _Optional[float] = ..., lon_deg: _Optional[float] = ..., speed_mps: _Optional[float] = ..., heading_deg: _Optional[float] = ..., accuracy_m: _Optional[float] = ...) -> None: ...

class Motion(_message.Message):
    __slots__ = ("rate_hz", "samples", "scale_mps2", "full_scale_g", "lowpass_hz", "counts")
    RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    SCALE_MPS2_FIELD_NUMBER: _ClassVar[int]
    FULL_SCALE_G_FIELD_NUMBER: _ClassVar[int]
    LOWPASS_HZ_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    rate_hz: float
    samples: int
    scale_mps2: float
    full_scale_g: float
    lowpass_hz: float
    counts: bytes
    def __init__(self, rate_hz: _Optional[float] = ..., samples: _Optional[int] = ..., scale_mps2: _Optional[float] = ..., full_scale_g: _Optional[float] = ..., lowpass_hz: _Optional[float] = ..., counts: _Optional[bytes] = ...) -> None: ...

class Button(_message.Message):
    __slots__ = ("stamp", "kind", "held_ms", "fix")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNSPECIFIED: _ClassVar[Button.Kind]
        SHORT: _ClassVar[Button.Kind]
        LONG: _ClassVar[Button.Kind]
    UNSPECIFIED: Button.Kind
    SHORT: Button.Kind
    LONG: Button.Kind
    STAMP_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HELD_MS_FIELD_NUMBER: _ClassVar[int]
    FIX_FIELD_NUMBER: _ClassVar[int]
    stamp: Stamp
    kind: Button.Kind
    held_ms: int
    fix: Fix
    def __init__(self, stamp: _Optional[_Union[Stamp, _Mapping]] = ..., kind: _Optional[_Union[Button.Kind, str]] = ..., held_ms: _Optional[int] = ..., fix: _Optional[_Union[Fix, _Mapping]] = ...) -> None: ...

class Impact(_message.Message):
    __slots__ = ("stamp", "trigger", "part", "last", "trigger_uptime_ms", "motion", "fixes")
    STAMP_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_UPTIME_MS_FIELD_NUMBER: _ClassVar[int]
    MOTION_FIELD_NUMBER: _ClassVar[int]
    FIXES_FIELD_NUMBER: _ClassVar[int]
    stamp: Stamp
    trigger: int
    part: int
    last: bool
    trigger_uptime_ms: int
    motion: Motion
    fixes: _containers.RepeatedCompositeFieldContainer[Fix]
    def __init__(self, stamp: _Optional[_Union[Stamp, _Mapping]] = ..., trigger: _Optional[int] = ..., part: _Optional[int] = ..., last: _Optional[bool] = ..., trigger_uptime_ms: _Optional[int] = ..., motion: _Optional[_Union[Motion, _Mapping]] = ..., fixes: _Optional[_Iterable[_Union[Fix, _Mapping]]] = ...) -> None: ...

class Accel(_message.Message):
    __slots__ = ("stamp", "motion")
    STAMP_FIELD_NUMBER: _ClassVar[int]
    MOTION_FIELD_NUMBER: _ClassVar[int]
    stamp: Stamp
    motion: Motion
    def __init__(self, stamp: _Optional[_Union[Stamp, _Mapping]] = ..., motion: _Optional[_Union[Motion, _Mapping]] = ...) -> None: ...

class Gps(_message.Message):
    __slots__ = ("stamp", "fixes")
    STAMP_FIELD_NUMBER: _ClassVar[int]
    FIXES_FIELD_NUMBER: _ClassVar[int]
    stamp: Stamp
    fixes: _containers.RepeatedCompositeFieldContainer[Fix]
    def __init__(self, stamp: _Optional[_Union[Stamp, _Mapping]] = ..., fixes: _Optional[_Iterable[_Union[Fix, _Mapping]]] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("stamp", "state", "firmware", "hardware", "battery_mv", "signal_dbm", "buffered_messages")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNSPECIFIED: _ClassVar[Status.State]
        ONLINE: _ClassVar[Status.State]
        OFFLINE: _ClassVar[Status.State]
    UNSPECIFIED: Status.State
    ONLINE: Status.State
    OFFLINE: Status.State
    STAMP_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FIRMWARE_FIELD_NUMBER: _ClassVar[int]
    HARDWARE_FIELD_NUMBER: _ClassVar[int]
    BATTERY_MV_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_DBM_FIELD_NUMBER: _ClassVar[int]
    BUFFERED_MESSAGES_FIELD_NUMBER: _ClassVar[int]
    stamp: Stamp
    state: Status.State
    firmware: str
    hardware: str
    battery_mv: int
    signal_dbm: int
    buffered_messages: int
    def __init__(self, stamp: _Optional[_Union[Stamp, _Mapping]] = ..., state: _Optional[_Union[Status.State, str]] = ..., firmware: _Optional[str] = ..., hardware: _Optional[str] = ..., battery_mv: _Optional[int] = ..., signal_dbm: _Optional[int] = ..., buffered_messages: _Optional[int] = ...) -> None: ...

class Ack(_message.Message):
    __slots__ = ("stamp", "command_id", "result")
    class Result(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        UNSPECIFIED: _ClassVar[Ack.Result]
        DONE: _ClassVar[Ack.Result]
        EXPIRED: _ClassVar[Ack.Result]
        UNSUPPORTED: _ClassVar[Ack.Result]
        FAILED: _ClassVar[Ack.Result]
    UNSPECIFIED: Ack.Result
    DONE: Ack.Result
    EXPIRED: Ack.Result
    UNSUPPORTED: Ack.Result
    FAILED: Ack.Result
    STAMP_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    stamp: Stamp
    command_id: str
    result: Ack.Result
    def __init__(self, stamp: _Optional[_Union[Stamp, _Mapping]] = ..., command_id: _Optional[str] = ..., result: _Optional[_Union[Ack.Result, str]] = ...) -> None: ...

class Expiry(_message.Message):
    __slots__ = ("boot_id", "uptime_ms", "wall_ms")
    BOOT_ID_FIELD_NUMBER: _ClassVar[int]
    UPTIME_MS_FIELD_NUMBER: _ClassVar[int]
    WALL_MS_FIELD_NUMBER: _ClassVar[int]
    boot_id: int
    uptime_ms: int
    wall_ms: int
    def __init__(self, boot_id: _Optional[int] = ..., uptime_ms: _Optional[int] = ..., wall_ms: _Optional[int] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("boot_id", "sequence", "incident_id")
    BOOT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_ID_FIELD_NUMBER: _ClassVar[int]
    boot_id: int
    sequence: int
    incident_id: str
    def __init__(self, boot_id: _Optional[int] = ..., sequence: _Optional[int] = ..., incident_id: _Optional[str] = ...) -> None: ...

class Signal(_message.Message):
    __slots__ = ("light", "tone", "duration_s")
    class Light(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OFF: _ClassVar[Signal.Light]
        CONNECTED: _ClassVar[Signal.Light]
        HELP_COMING: _ClassVar[Signal.Light]
        ARRIVED: _ClassVar[Signal.Light]
        ENDED: _ClassVar[Signal.Light]
    OFF: Signal.Light
    CONNECTED: Signal.Light
    HELP_COMING: Signal.Light
    ARRIVED: Signal.Light
    ENDED: Signal.Light
    class Tone(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SILENT: _ClassVar[Signal.Tone]
        CONFIRM: _ClassVar[Signal.Tone]
        ATTENTION: _ClassVar[Signal.Tone]
    SILENT: Signal.Tone
    CONFIRM: Signal.Tone
    ATTENTION: Signal.Tone
    LIGHT_FIELD_NUMBER: _ClassVar[int]
    TONE_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    light: Signal.Light
    tone: Signal.Tone
    duration_s: int
    def __init__(self, light: _Optional[_Union[Signal.Light, str]] = ..., tone: _Optional[_Union[Signal.Tone, str]] = ..., duration_s: _Optional[int] = ...) -> None: ...

class SendWindow(_message.Message):
    __slots__ = ("from_uptime_ms", "to_uptime_ms")
    FROM_UPTIME_MS_FIELD_NUMBER: _ClassVar[int]
    TO_UPTIME_MS_FIELD_NUMBER: _ClassVar[int]
    from_uptime_ms: int
    to_uptime_ms: int
    def __init__(self, from_uptime_ms: _Optional[int] = ..., to_uptime_ms: _Optional[int] = ...) -> None: ...

class Settings(_message.Message):
    __slots__ = ("accel_rate_hz", "trigger_g", "gps_batch_s")
    ACCEL_RATE_HZ_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_G_FIELD_NUMBER: _ClassVar[int]
    GPS_BATCH_S_FIELD_NUMBER: _ClassVar[int]
    accel_rate_hz: float
    trigger_g: float
    gps_batch_s: int
    def __init__(self, accel_rate_hz: _Optional[float] = ..., trigger_g: _Optional[float] = ..., gps_batch_s: _Optional[int] = ...) -> None: ...

class Command(_message.Message):
    __slots__ = ("version", "command_id", "expiry", "receipt", "signal", "send_window", "settings")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    SEND_WINDOW_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    version: int
    command_id: str
    expiry: Expiry
    receipt: Receipt
    signal: Signal
    send_window: SendWindow
    settings: Settings
    def __init__(self, version: _Optional[int] = ..., command_id: _Optional[str] = ..., expiry: _Optional[_Union[Expiry, _Mapping]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ..., signal: _Optional[_Union[Signal, _Mapping]] = ..., send_window: _Optional[_Union[SendWindow, _Mapping]] = ..., settings: _Optional[_Union[Settings, _Mapping]] = ...) -> None: ...
