"""What all rows that belong to somebody share."""
