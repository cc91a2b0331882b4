"""JSON that the database writes: the same bytes as the serializers and the renderer make, with less work."""
