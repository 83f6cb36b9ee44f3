"""The ways by which a message reaches people, one adapter per channel."""
