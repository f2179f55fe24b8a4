"""What leaves by other ways than a voice, and the carrier behind both."""
