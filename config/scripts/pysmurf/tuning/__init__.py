"""What the tuning stages of a SMuRF slot share: the frame around a stage, the instrument, the analysis.

The stage scripts beside this package stay thin: they say what a stage does in an operator's words and leave
the rest to the modules here. Nothing outside the standard library is needed.
"""
