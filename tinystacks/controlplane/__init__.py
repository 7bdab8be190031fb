"""How Amazon ECS behaves: a pure model, driven by a clock that the caller moves.

Start at `plane.py`. Comments name rules of ECS by short ids: P placement, D deployments, T task lifecycle and throttle,
C capacity, S service scaling, Z zones, L load balancers, A the API. The tests in `tests/controlplane` carry these ids
and name the AWS document that states each rule. What AWS leaves open is a setting (`settings.py`).
"""
