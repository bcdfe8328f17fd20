"""What coordinators do: cohorts, progress, statistics, adjustments, exports."""
