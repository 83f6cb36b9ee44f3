"""What the parts ask of the world, named by role. One file per port."""
