"""People who use the HTTP API: units on their way, drivers with the app."""
