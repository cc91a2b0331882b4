"""The database: its two backends, compiled statements, retries and what its refusals mean."""
