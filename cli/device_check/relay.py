"""A door before the private broker that passes every byte on and looks at how devices connect."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Final, Self

from cli.device_check.packets import Connect, Packet, PacketError, Stream

_PIECE: Final = 65536
_OPEN_WITHIN_S: Final = 10.0


class RelayError(RuntimeError):
    """The relay cannot listen; the message says why."""


class Relay:
    """Listens on `port` of `host` and passes connections on to the broker on `broker_port` of 127.0.0.1.

    connections: the CONNECT and SUBSCRIBE packets of each connection, oldest first; it only grows.
    """

    def __init__(self, host: str, port: int, broker_port: int) -> None:
        self.connections: list[list[Packet]] = []
        self._host = host
        self._port = port
        self._broker_port = broker_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        """Begin to listen. Raises RelayError."""
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(_OPEN_WITHIN_S)
        except OSError as error:
            self.__exit__()
            raise RelayError(
                f"cannot listen on port {self._port} of {self._host}: {error.strerror}"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_OPEN_WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def packets_of(self, device_id: str) -> list[Packet]:
        """The packets of a device's newest connection, known by its client id or its will's topic."""
        for packets in reversed(self.connections):
            for packet in packets:
                if isinstance(packet, Connect):
                    topic = packet.will.topic if packet.will else ""
                    if device_id in (packet.client_id, *topic.split("/")):
                        return packets
        return self.connections[-1] if self.connections else []

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, self._host, self._port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, device: asyncio.StreamReader, to_device: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        # A cancelled connection ends quietly; an end of one side ends the other.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            try:
                broker, to_broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
                try:
                    await self._both(device, to_broker, broker, to_device)
                finally:
                    to_broker.close()
            finally:
                to_device.close()

    async def _both(
        self,
        device: asyncio.StreamReader,
        to_broker: asyncio.StreamWriter,
        broker: asyncio.StreamReader,
        to_device: asyncio.StreamWriter,
    ) -> None:
        ways = {
            asyncio.ensure_future(_pass_on(device, to_broker, self._looking_on())),
            asyncio.ensure_future(_pass_on(broker, to_device, None)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    def _looking_on(self) -> _Look:
        self.connections.append([])
        return _Look(self.connections[-1])


class _Look:
    """Reads along in one connection until that makes no sense any more."""

    def __init__(self, packets: list[Packet]) -> None:
        self._packets = packets
        self._stream: Stream | None = Stream()

    def __call__(self, piece: bytes) -> None:
        if self._stream is None:
            return
        try:
            self._packets.extend(self._stream.feed(piece))
        except PacketError:
            # The broker will say so; what matters here is that the bytes go on unchanged.
            self._stream = None


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter, look: _Look | None) -> None:
    while piece := await source.read(_PIECE):
        if look is not None:
            look(piece)
        target.write(piece)
        await target.drain()
