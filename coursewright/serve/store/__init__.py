"""The database: its tables, how transactions run, the log that is only appended to."""
