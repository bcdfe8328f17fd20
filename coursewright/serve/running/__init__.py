"""How the service runs: its processes, logs, numbers, copies."""
