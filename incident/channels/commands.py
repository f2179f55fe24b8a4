"""Commands to devices: published over MQTT until the device says what became of them.

Devices hold no session, so a command is sent again, with growing pauses and whenever the
device comes back, until its acknowledgement arrives or its lifetime is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import structlog
from google.protobuf.json_format import ParseDict, ParseError
from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from incident.channels.outbox import SQL as OUTBOX_SQL
from incident.service import SQL
from runtime.database import Connection
from schemas import topics
from schemas.wire.device_pb2 import Command

_WAITS_S: Final[tuple[int, ...]] = (1, 2, 4, 8, 15)


class CommandPost:
    """Publishes what the outbox holds for devices; used by one thread with its own connection."""

    def __init__(self, mqtt_url: str) -> None:
        self._url = urlsplit(mqtt_url)
        self._log = structlog.get_logger(role="commands")
        # A new client id each time: commands are QoS 0 and nothing is kept for us at the broker.
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv311, clean_session=True)
        if self._url.username:
            self._client.username_pw_set(unquote(self._url.username), unquote(self._url.password or ""))
        self._client.reconnect_delay_set(min_delay=1, max_delay=5)

    def start(self) -> None:
        """Connect in the background, and again whenever the connection is lost."""
        self._client.connect_async(self._url.hostname or "127.0.0.1", self._url.port or 1883, keepalive=20)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def step(self, conn: Connection) -> bool:
        """Publish the commands that are due; false if there was nothing to do."""
        if not self._client.is_connected():
            return False
        with conn.transaction():
            conn.execute(SQL["expire_commands"])
            due = conn.execute(SQL["due_commands"]).fetchall()
            for row in due:
                wait_s = _WAITS_S[min(int(row["attempts"]), len(_WAITS_S) - 1)]
                conn.execute(SQL["postpone_command"], {"id": row["id"], "wait": timedelta(seconds=wait_s)})
        # After the commit: a command published and not counted would be harmless, the reverse silent.
        for row in due:
            if row["online"] is not False:
                self._publish(conn, row)
        return bool(due)

    def _publish(self, conn: Connection, row: dict[str, Any]) -> None:
        try:
            command = encode(row)
        except (ParseError, ValueError) as error:
            # Of a newer version of ours, perhaps: it would be no better the next time.
            self._log.exception("a command cannot be written", command=str(row["id"]))
            conn.execute(
                OUTBOX_SQL["finish_effect"], {"id": row["id"], "state": "failed", "error": str(error)[:500]}
            )
            return
        self._client.publish(topics.down(row["shard"], row["device_id"]), command.SerializeToString(), qos=0)
        self._log.debug("command sent", device=row["device_id"], command=str(row["id"]))


def encode(row: dict[str, Any]) -> Command:
    """The command of an outbox row, with its end of life on the device's own clock. Raises ParseError, ValueError.

    The device's uptime is extrapolated from when it was last heard, so transit time makes
    a command expire a little early, never late.
    """
    command = Command(version=1, command_id=str(row["id"]))
    ParseDict(row["payload"], command)
    expires_at: datetime | None = row["expires_at"]
    if expires_at is not None:
        command.expiry.wall_ms = int(expires_at.timestamp() * 1000)
        if row["boot_id"] is not None:
            left_ms = (expires_at - row["heard_at"]) / timedelta(milliseconds=1)
            command.expiry.boot_id = row["boot_id"] % 2**64
            command.expiry.uptime_ms = max(0, row["uptime_ms"] + int(left_ms))
    return command
