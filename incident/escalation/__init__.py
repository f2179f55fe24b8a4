"""What is decided: state, events and effects of an incident, and the rules between them. Pure."""
