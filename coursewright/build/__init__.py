"""Floor 6: files in, packet out. Reads the course folder, runs the writers' tasks, publishes `dist/` in one move."""
