"""The messages between device and broker, generated from `device.proto` by `scripts/generate`."""
