"""HTTP plumbing that knows nothing of money: what every resource of the API shares."""
