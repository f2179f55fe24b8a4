"""The `cbutton` command: reads files and arguments and calls the rooms below."""
