"""Floor 0: file text, places in it, diagnostics and how they are reported. No disk, clock or network."""
