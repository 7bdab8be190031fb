"""Pulumi programs: a stage in, resources out."""
