"""The pad: what a person draws, as networks see it, and what they say of it."""

STRENGTHS = tuple(eighth / 8 for eighth in range(17))  # of a noise, at which its success is counted
