"""How files of ours are opened: SQLite, the picture folder, the registry snapshot."""
