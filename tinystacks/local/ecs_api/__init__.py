"""Amazon ECS's API in front of the control plane."""
