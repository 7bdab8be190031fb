"""Run containers on Amazon ECS in your own AWS account."""
