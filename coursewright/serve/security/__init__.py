"""What guards the service: who may open which page, how often, and what browsers are told."""
