"""The dispatcher's console: pure view models, thin pages, one poller that pushes to all of them."""
