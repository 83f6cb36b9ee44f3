"""Turns each snapshot of a camera into verdicts and a masked picture."""
