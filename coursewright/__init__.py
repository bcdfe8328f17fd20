"""Coursewright: a course written once as YAML becomes handouts, a workbook and graded quizzes."""

__version__ = "0.4.0"
