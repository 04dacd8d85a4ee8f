"""One of sodetlib's own operations on the crate, or its analysis of our files: what our stages are compared with."""
import json
import sys

import matplotlib
import numpy as np
from sodetlib.det_config import DetConfig
from sodetlib.operations import iv, squid_curves, tracking, uxm_relock, uxm_setup
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


def put_iv(path: str) -> None:
    """An IV in the device configuration: one detector a group, R rising along a line to 7.7 mOhm at 9 V."""
    curves = iv.IVAnalysis()
    groups, curves.v_bias = np.arange(12), np.arange(721) * 0.025
    curves.start_times = curves.stop_times = np.zeros((15, 1))
    curves.bands, curves.channels, curves.bgmap, curves.polarity = groups * 0, groups, groups, groups * 0 + 1
    curves.R_n, curves.R_L, curves.p_sat = np.full(12, 7.7e-3), np.zeros(12), np.full(12, 5e-12)
    curves.idxs = np.tile([[40, 360, 324]], (12, 1))
    curves.R = np.tile(np.minimum(curves.v_bias / 9, 1) * 7.7e-3, (12, 1))
    curves.i_tes = curves.p_tes = curves.si = np.ones_like(curves.R)
    curves.save(path)
    config = DetConfig()
    config.load_config_files()
    config.dev.update_experiment({"iv_file": path}, update_file=True)


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
    elif sys.argv[1] == "put_iv":
        put_iv(sys.argv[2])
    else:
        main(sys.argv[1], int(sys.argv[2]))
