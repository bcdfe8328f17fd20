"""PDF work, done in worker processes: laying out, joining, imposing, thumbnails."""
