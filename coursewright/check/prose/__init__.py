"""8xx: words and sentences."""
