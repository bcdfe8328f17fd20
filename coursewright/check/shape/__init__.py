"""1xx: ids, and the names that refer to them."""
