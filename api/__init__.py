"""What people use: the HTTP API, the dispatcher's console, the crew pages."""
