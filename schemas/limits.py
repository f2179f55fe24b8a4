"""Limits and times of the wire contract, in the units of device.proto.

Ingest rejects what lies outside, docs/mqtt.md and docs/asyncapi.yaml print them, and the
device check measures by them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

VERSION: Final = 1

# Presses
LONG_PRESS_MS: Final = 3000
# Without a receipt for so long the driver is told to dial for himself, and the press is sent again.
RECEIPT_WITHIN_MS: Final = 5000

# Impacts as the device reports them
BURST_BEFORE_MS: Final = 2000
BURST_AFTER_MS: Final = 300
PART_MS: Final = 1000

# Time
LATE_AFTER_MS: Final = 30_000
UPTIME_MS: Final = 10 * 366 * 86_400_000
# A clock that was set cannot show less than the product's age, nor more than a day ahead.
OLDEST: Final = datetime(2024, 1, 1, tzinfo=UTC)
AHEAD: Final = timedelta(days=1)

# Sizes. Beyond the second the bundled broker cuts the connection.
BULK_SIZE_BYTES: Final = 64 * 1024
PAYLOAD_BYTES: Final = 1024 * 1024
TEXT_CHARACTERS: Final = 100

# Motion
RATE_HZ: Final = (50.0, 1000.0)
SAMPLES: Final = (1, 4000)
FULL_SCALE_G: Final = (2.0, 200.0)
SCALE_MPS2: Final = (1e-6, 1.0)
LOWPASS_HZ: Final = (0.0, 10_000.0)

# Positions
FIXES: Final = (1, 600)
SPEED_MPS: Final = 150.0
