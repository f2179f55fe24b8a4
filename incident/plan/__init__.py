"""The escalation plan: read, checked, compared, drawn, kept."""
