"""4xx: blueprints and forms."""
