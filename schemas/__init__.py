"""What crosses a process or rests on disk: wire messages, topics, domain values, recordings, SQL.

Imports nothing of ours, so every other room may depend on it.
"""
