"""Segments that the service itself recognizes as the type and intensity that was asked for."""
