"""From the broker to the database: reads, checks, stores and screens what devices send."""
