"""`cbutton evaluate-detector`: composed crashes and everything that is none, given to the detector to judge it."""
