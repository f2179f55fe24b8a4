"""The device as its firmware: button, trigger, store, messages, commands, connection."""
