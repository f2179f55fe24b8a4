"""What happens after an impact or a press: deciding, waiting, calling, sending help."""
