"""What the API answers: a module for each part of it, which takes a request in and hands it on."""
