"""Application Auto Scaling's API in front of the control plane."""
