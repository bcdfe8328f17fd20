"""Floor 4: what each output shows, in which order, under which number. Assembled once, written many ways."""
