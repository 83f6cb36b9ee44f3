"""Device payloads, byte by byte. A damaged frame is an error, never a value."""
