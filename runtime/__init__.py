"""What every process needs to run: settings, database, logs, bundled servers, supervisor."""
