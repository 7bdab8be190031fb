"""What runs the containers of tasks: real ones, or small HTTP servers that stand for them."""
