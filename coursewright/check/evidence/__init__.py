"""9xx: references and evidence."""
