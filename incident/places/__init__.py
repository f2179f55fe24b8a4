"""Where an incident is, in words: municipality, road, and the fire headquarters in charge."""
