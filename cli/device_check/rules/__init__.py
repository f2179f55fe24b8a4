"""What a device must do, by docs/mqtt.md: pure.

Each rule gives the faults it finds in what was heard, none when all is well. Tolerances allow
for the network and for the person who presses.
"""
