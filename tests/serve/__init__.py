"""Tests of the quiz service, and the ground they stand on: real databases and a connection that fails when told to."""
