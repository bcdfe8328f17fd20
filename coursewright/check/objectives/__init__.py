"""2xx: learning objectives."""
