"""One of sodetlib's own operations on the crate, or its analysis of our files: what our stages are compared with."""
import json
import sys

import matplotlib
import numpy as np
from sodetlib.det_config import DetConfig
from sodetlib.operations import squid_curves, tracking, uxm_relock, uxm_setup
from sodetlib.resonator_fitting import fit_tune

matplotlib.use("Agg")


def main(stage: str, band: int) -> None:
    config = DetConfig()
    config.load_config_files()
    smurf = config.get_smurf_control()
    if stage == "setup_amps":
        uxm_setup.setup_amps(smurf, config)
    elif stage == "estimate_attens":
        uxm_setup.estimate_uc_dc_atten(smurf, config, band)
    elif stage == "estimate_phase_delay":
        uxm_setup.setup_phase_delay(smurf, config, [band])
    elif stage == "setup_notches":
        uxm_setup.setup_tune(smurf, config, [band])
    elif stage == "serial_algs":
        uxm_relock.run_grad_descent_and_eta_scan(smurf, config, [band])
    elif stage == "tracking_setup":
        smurf.set_feedback_enable(band, 1)
        tracking.setup_tracking_params(smurf, config, np.array([band]))
    elif stage == "squid_curve":
        data = squid_curves.take_squid_curve(smurf, config, bands=[band], Nsteps=80, Npts=2, wait_time=0.02)
        say({"Phi0": float(np.median(data["ffs_per_phi0"])), "df kHz": float(np.median(data["df"]))})


def read(tune: str, curves: str) -> None:
    """Our tune and our SQUID curves, read and fitted by sodetlib."""
    fit = squid_curves.fit_squid_curves(np.load(curves, allow_pickle=True).item())
    say({"Phi0": float(np.median(fit["model_params"][:, 0])), "df kHz": float(np.median(fit["df"])),
         "dips": list(fit_tune(tune)["model_params"]["f_0"])})


def say(numbers: dict) -> None:
    print(json.dumps(numbers))


if __name__ == "__main__":
    if sys.argv[1] == "read":
        read(sys.argv[2], sys.argv[3])
    else:
        main(sys.argv[1], int(sys.argv[2]))
