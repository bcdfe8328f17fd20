"""6xx: what pages need: alternative text, headings, space."""
