"""3xx: items."""
