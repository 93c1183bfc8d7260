"""Training the generator of segments: real pieces and their rebracketed versions as tokens."""
