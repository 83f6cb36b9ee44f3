"""The rules: what was seen so far and one more observation in, what is to be thought now out."""
