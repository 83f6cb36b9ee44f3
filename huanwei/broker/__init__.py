"""The broker: the NATS server of a run, and who may say what to it."""
