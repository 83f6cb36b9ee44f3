"""The words of the project and the pure rules of their states: no I/O, no clock, no logging."""
