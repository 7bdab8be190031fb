"""Lets moto's load balancers tell a DNS name that can be reached from this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def install(open_port: Callable[[str], int]) -> None:
    """Give every new load balancer the name `localhost:PORT`, in this process.

    Args:
        open_port: opens the port of a load balancer, given its ARN.
    """
    import moto.elbv2.models as models  # noqa: PLC0415, PLR0402 - the module itself is changed; moto takes seconds to load

    class ReachableLoadBalancer(models.FakeLoadBalancer):
        """A load balancer whose name leads to the local balancer; cross-zone balancing is on, as for every ALB."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            if self.type == "application":
                self.dns_name = f"localhost:{open_port(self.arn)}"
                self.attrs["load_balancing.cross_zone.enabled"] = "true"

    models.FakeLoadBalancer = ReachableLoadBalancer
