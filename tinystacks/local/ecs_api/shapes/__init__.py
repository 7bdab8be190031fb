"""The control plane's objects in the form in which ECS's API shows them."""
