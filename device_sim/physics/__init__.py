"""What happens to a car and to the device in it, as its sensors measure it."""
