"""The world outside, simulated: who is insured and how they behave, and the processes that play them."""
