"""Floor 1: what a course is. Frozen data, each object knowing the place in the YAML that it came from."""
