"""The HTTP API: administration, operators, units, drivers, the carrier's webhooks, and the event stream."""
