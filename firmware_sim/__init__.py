"""A district in a box: simulated devices, cameras, people, waste and crews, with the truth kept."""
