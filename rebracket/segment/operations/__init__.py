"""Plain music → rebracketed music: for each type, ways to redraw boundaries, in notes and in sound."""
