"""The pages, one a file: they read, ask a view model for rows, and show them."""
