"""The database: two backends, compiled statements, retries and constraint errors."""
