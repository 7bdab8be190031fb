"""Network interfaces of awsvpc tasks: their subnet and their address (P2, T2)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from tinystacks.controlplane.types import part, words

if TYPE_CHECKING:
    from tinystacks.controlplane.model import Task
    from tinystacks.controlplane.state import State

RESERVED_FIRST = 4
"""Addresses at the beginning of a subnet that no interface gets; the last one is reserved too (VPC user guide)."""
UNKNOWN_SUBNET = "10.0.0.0/16"


def attach(state: State, task: Task) -> None:
    """Give a task that has its place an interface in a subnet of its network configuration.

    Source: API NetworkInterface; VPC user guide, subnet-sizing.
    """
    for one in words(part(task.network_configuration, "awsvpcConfiguration"), "subnets"):
        facts = state.surroundings.subnet(one)
        if facts is None or facts.zone == task.zone:
            task.subnet_id = one
            break
    task.private_ip = _free_address(state, task)
    task.eni_id = f"eni-{state.identities.hexadecimal()[:17]}"


def _free_address(state: State, task: Task) -> str:
    facts = state.surroundings.subnet(task.subnet_id) if task.subnet_id else None
    network = ipaddress.ip_network((facts.cidr if facts is not None else "") or UNKNOWN_SUBNET)
    count = network.num_addresses - RESERVED_FIRST - 1
    first = state.random.randrange(count)
    # A full subnet gives an address twice rather than none: what it costs on AWS is not modelled.
    places = (str(network[RESERVED_FIRST + (first + step) % count]) for step in range(count))
    address = next((one for one in places if not _is_taken(state, one)), str(network[RESERVED_FIRST + first]))
    state.addresses[address] = task.id
    return address


def _is_taken(state: State, address: str) -> bool:
    # Also in other networks: target groups of the local AWS know a task by its address alone.
    holder = state.tasks.get(state.addresses.get(address, ""))
    return holder is not None and holder.last_status != "STOPPED"
