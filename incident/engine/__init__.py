"""What wakes incidents up: due timers, forgotten ones, silent devices."""
