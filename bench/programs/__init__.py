"""What the contenders run: programs for Pulumi, a configuration for Terraform, and a script."""
