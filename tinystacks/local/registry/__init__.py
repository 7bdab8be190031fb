"""The image registry of the local AWS's ECR: what is pushed to it can be pulled, by digest."""
