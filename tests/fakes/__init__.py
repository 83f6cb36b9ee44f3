"""Fakes: real classes that pass the same contract suite as what they stand for."""
