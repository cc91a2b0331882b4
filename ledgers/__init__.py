"""What all owned rows share."""
