"""Commands for whoever works on the zoo; nothing here is installed."""
