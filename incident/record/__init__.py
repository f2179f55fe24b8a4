"""What a decision writes, in the transaction of the event that caused it."""
