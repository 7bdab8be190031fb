"""Reads of a deployed stage: status, tasks, the line that opens a shell."""
