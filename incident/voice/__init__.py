"""Telephone calls: placed, spoken in, bridged to an operator, received."""
