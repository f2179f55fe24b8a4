"""Units and control centres at work: offers answered, ways driven, scenes secured."""
