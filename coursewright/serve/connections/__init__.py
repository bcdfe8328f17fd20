"""Others that the service speaks with: identity providers, learning platforms, record stores, mail."""
