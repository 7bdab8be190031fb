"""How Amazon ECS behaves: a pure model, driven by a clock that the caller moves.

Start at `plane.py`. Comments and tests name the rules of ECS by short ids (P14, D27, …); `docs/ecs-rules.md` lists them
with the AWS documents that state them.
"""
