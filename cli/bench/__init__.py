"""`cbutton bench`: how fast it is, as ratios within one run."""
