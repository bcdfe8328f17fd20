"""Floor 2: YAML nodes become the model, every value with its line and column."""
