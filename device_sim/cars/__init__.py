"""Cars that drive and crash by their configuration, each with a device on board."""
