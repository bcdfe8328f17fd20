"""Answer sheets read from scans: pages of files, codes and registration marks, ink in circles, decisions, and a store of it all."""
