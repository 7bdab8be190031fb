"""Deploying a stage: the engine found and driven, checks before it, verdicts after it.

`deployment.Deployment` is the front; `events` and `results` are the data it gives. Only `automation` imports the
engine's SDK, and only when an operation runs.
"""
