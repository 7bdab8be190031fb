"""Load balancers that behave like an Application Load Balancer, on 127.0.0.1.

From the outside in: `balancers` (all of them), `listening` (ports and TLS), `clients` (connections of clients),
`exchange` (one request and its answer), `choice` (which target), `links` (connections to targets).
"""
