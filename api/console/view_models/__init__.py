"""Data in, display rows out: pure functions over a situation, in the reader's words."""
