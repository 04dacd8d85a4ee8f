"""What a site has beside its crate: pysmurf's configuration file, and sodetlib's three.

Values and names as the schema in pysmurf's ``smurf_config.py`` and sodetlib's ``det_config.py`` want them.
"""
from __future__ import annotations

import json
import os
from typing import Any, Dict

from crate.server import ROOT, SLOT_NUMBER
from crate.slot import BANDS


def _each_band(value: Any) -> Dict[str, Any]:
    return {str(band): value for band in range(BANDS)}


def pysmurf_configuration(folder: str) -> Dict[str, Any]:
    band = {"iq_swap_in": 0, "iq_swap_out": 0, "bandDelayUs": 2.4, "trigRstDly": 15, "feedbackEnable": 1,
            "feedbackGain": 2048, "feedbackPolarity": 1, "feedbackLimitkHz": 225, "lmsGain": 5, "att_uc": 12,
            "att_dc": 0, "amplitude_scale": 12}
    c04 = {"drain_conversion_m": -0.259491, "drain_conversion_b": 1.74185, "drain_opamp_gain": 3.874,
           "drain_resistor": 50.0, "drain_volt_default": 0.6, "drain_volt_min": 0.0, "drain_volt_max": 2.0,
           "gate_bit_to_volt": 3.86936e-6, "gate_volt_default": -0.8, "gate_volt_min": -2.0, "gate_volt_max": 2.03}
    c04_50k = {**c04, "drain_conversion_m": -0.224968, "drain_conversion_b": 5.59815, "drain_opamp_gain": 9.929,
               "drain_resistor": 12.0, "drain_volt_default": 4.0, "drain_volt_min": 3.5, "drain_volt_max": 5.5,
               "gate_volt_default": -0.5}
    amplifiers = {
        "hemt1": {**c04, "drain_dac_num": 31, "drain_offset": 0.2326, "drain_pic_address": 3, "power_bitmask": 1},
        "hemt2": {**c04, "drain_dac_num": 29, "gate_dac_num": 27, "drain_offset": 0.2881, "drain_pic_address": 10,
                  "power_bitmask": 4},
        "50k1": {**c04_50k, "drain_dac_num": 32, "gate_dac_num": 30, "drain_offset": 0.5084, "drain_pic_address": 4,
                 "power_bitmask": 2},
        "50k2": {**c04_50k, "drain_dac_num": 28, "gate_dac_num": 26, "drain_offset": 0.3599, "drain_pic_address": 11,
                 "power_bitmask": 8}}
    return {
        "epics_root": ROOT, "init": {"dspEnable": 1, **{f"band_{band_}": band for band_ in range(BANDS)}},
        "bad_mask": {}, "attenuator": {"att1": 0, "att2": 1, "att3": 2, "att4": 3},
        "amplifier": {"hemt_Vg": -1.0, "bit_to_V_hemt": 1.93e-6, "hemt_Id_offset": 0.2643, "LNA_Vg": -0.5,
                      "dac_num_50k": 32, "50k_Id_offset": 0.0, "bit_to_V_50k": 3.38e-6,
                      "hemt_gate_min_voltage": -2.0, "hemt_gate_max_voltage": 0.0, **amplifiers},
        "chip_to_freq": {"9": [4.0, 4.5]}, "pic_to_bias_group": {str(group): group for group in range(16)},
        "bias_group_to_pair": {str(group): [2 * group + 1, 2 * group + 2] for group in range(12)},
        "R_sh": 4e-4, "bias_line_resistance": 15800.0, "high_low_current_ratio": 6.08, "high_current_mode_bool": 0,
        "all_bias_groups": list(range(12)),
        "tune_band": {"n_samples": 262144, "grad_cut": 0.05, "amp_cut": 0.25, "freq_max": 250000000,
                      "freq_min": -250000000, "fraction_full_scale": 0.45, "reset_rate_khz": 4.0,
                      "delta_freq": _each_band(0.01), "lms_freq": _each_band(20000.0),
                      "feedback_start_frac": _each_band(0.02), "feedback_end_frac": _each_band(0.98),
                      "gradient_descent_gain": _each_band(0.001), "gradient_descent_averages": _each_band(2),
                      "gradient_descent_converge_hz": _each_band(500.0),
                      "gradient_descent_step_hz": _each_band(5000.0), "gradient_descent_momentum": _each_band(1),
                      "gradient_descent_beta": _each_band(0.1), "eta_scan_del_f": _each_band(5000),
                      "eta_scan_amplitude": _each_band(12), "eta_scan_averages": _each_band(2)},
        "flux_ramp": {"select_ramp": 1, "num_flux_ramp_counter_bits": 32}, "constant": {"pA_per_phi0": 9e6},
        "timing": {"timing_reference": "ext_ref"}, "fs": 200.0,
        "smurf_to_mce": {"smurf_to_mce_file": os.path.join(folder, "smurf2mce.cfg"),
                         "mask_file": os.path.join(folder, "mask.txt"), "receiver_ip": "tcp://127.0.0.1:3334",
                         "port_number": "3334", "filter_freq": 63, "filter_order": 4, "filter_gain": 1.0,
                         "file_name_extend": 1, "data_frames": 300000, "static_mask": 0, "num_averages": 20,
                         "mask_channel_offset": 0},
        "default_data_dir": os.path.join(folder, "smurf_data"), "tune_dir": os.path.join(folder, "smurf_data", "tune"),
        "status_dir": os.path.join(folder, "smurf_data", "status")}


def write(folder: str) -> Dict[str, str]:
    """Write the files once; returns the environment for pysmurf's own, and for sodetlib's."""
    config = os.path.join(folder, "config")
    for kind in ("tune", "status"):
        os.makedirs(os.path.join(folder, "smurf_data", kind), exist_ok=True)
    os.makedirs(config, exist_ok=True)
    pysmurf = os.path.join(config, "pysmurf.cfg")
    if not os.path.exists(pysmurf):
        with open(pysmurf, "w", encoding="utf-8") as file:
            json.dump(pysmurf_configuration(folder), file, indent=1)
        # JSON is YAML; the device configuration is written by sodetlib when it finds none.
        with open(os.path.join(config, "sys_config.yml"), "w", encoding="utf-8") as file:
            json.dump({"crate_id": 1, "slot_order": [SLOT_NUMBER], "slots": {f"SLOT[{SLOT_NUMBER}]": {
                "stream_id": "crate1slot2", "device_config": os.path.join(config, "dev_cfg.yml"),
                "pysmurf_config": pysmurf}}}, file, indent=1)
    return {"CONFIG_FILE": pysmurf, "OCS_CONFIG_DIR": config}
