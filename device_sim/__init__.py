"""An outsider that behaves like cars, drivers, guards and a telephone carrier."""
