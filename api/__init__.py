"""The HTTP side: operators, drivers, units and the carrier come in here."""
