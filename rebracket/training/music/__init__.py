"""Training on music: real pieces, played and rebracketed, for the encoders of notes and of sound."""
