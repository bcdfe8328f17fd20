"""Others that the service connects to, made of programs that are not ours, each a real server on the loopback."""
