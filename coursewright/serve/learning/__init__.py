"""What learners do: forms drawn and kept, attempts, answers, results, reading, writing."""
