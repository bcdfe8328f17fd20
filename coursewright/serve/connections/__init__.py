"""Connections to others: providers of identities, learning management systems, record stores, mail servers."""
