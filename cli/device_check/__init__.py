"""`cbutton device-check`: takes one real device through its paces and says what it does wrong."""
