"""Checks of this machine and of the AWS account, each with how to mend what is missing."""
