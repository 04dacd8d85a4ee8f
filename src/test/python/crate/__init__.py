"""A SMuRF crate at its registers, as a test double, on which the unmodified pysmurf client runs.

A server process holds one register model of a slot: bands of 512 sub-bands with resonators of a known truth,
cryostat card, DAQ buffers, flux ramp, TES biases, streams, and the server's own scans, which go on when their
client dies. In front of it stand two modules of our own: ``epics`` for pysmurf up to v9.0.3, ``pyrogue`` for
its main branch (``stand_ins``). Both speak to the server through a Unix socket (``CRATE_SOCKET``).

How to run one stage by hand, from the project's folder::

    export PYTHONPATH=src/test/python PYSMURF_SRC=.../pysmurf      # SODETLIB_SRC=.../sodetlib is optional
    /usr/bin/python3 -m crate run FOLDER setup_amps --bands 0      # starts the crate of FOLDER, runs the stage
    /usr/bin/python3 -m crate look FOLDER                          # what is on, and the settings
    /usr/bin/python3 -m crate set FOLDER no_flux=1 dead_channels='[71]'   # faults, see `faults.py`
    /usr/bin/python3 -m crate truth FOLDER                         # what the measurements should give
    /usr/bin/python3 -m crate stop FOLDER

``make test-pysmurf PYSMURF_SRC=... [SODETLIB_SRC=...]`` runs all stages and interrupts them (``campaign.py``).
It needs numpy, scipy, matplotlib, pandas, yaml, schema, packaging, and for sodetlib lmfit and tqdm.

The registers were read off pysmurf 034bf62d and v9.0.3, sodetlib 0d60bd2, the scans of cryo-det at its tag
MicrowaveMuxBpEthGen2_v2.5.1 (31b6fbfe), the clients' manners off slaclab/rogue 028ffcea; none of their code
is in here. Never compared with a real crate.
"""
