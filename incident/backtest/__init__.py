"""Recorded incidents replayed through another plan."""
