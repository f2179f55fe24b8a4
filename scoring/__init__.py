"""Telling a crash from everything else: pure functions of arrays, no clock, no I/O."""
