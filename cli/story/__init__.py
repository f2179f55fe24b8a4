"""`cbutton story`: scripted incidents, played on a stack of their own and judged strictly."""
