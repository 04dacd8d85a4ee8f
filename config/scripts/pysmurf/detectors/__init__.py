"""Operations on the detectors of a slot: biases, IV curves, bias steps, noise and streams.

Each is a script beside this package, under the name and with the results of today's observatory agent.
"""
