"""Commands that make the model files of this part from labelled pictures."""
