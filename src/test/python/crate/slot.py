"""The slot as a whole: every register that pysmurf uses, with the part of the crate that answers it."""
from __future__ import annotations

import copy
import time
from typing import Any, Dict, List, Tuple

import numpy as np

from crate.acquisition import Daq, StreamFile
from crate.band import CHANNELS, DSP_CLOCK_MHZ, HALF_WIDTH_MHZ, OFFSETS_MHZ, Band
from crate.cryostat_card import CryostatCard
from crate.faults import Faults
from crate.registers import Registers
from crate.resonators import draw
from crate.scans import Scans

BANDS = 4
TOP = "AMCc.FpgaTopLevel"
CORE = f"{TOP}.AppTop.AppCore"
CARRIER = f"{TOP}.AmcCarrierCore"
RTM = f"{CORE}.RtmCryoDet"
SPI, SPI_MAX = f"{RTM}.RtmSpiSr", f"{RTM}.RtmSpiMax"
TRIGGERS = f"{CARRIER}.AmcCarrierTiming.EvrV2CoreTriggers"
PROCESSOR = "AMCc.SmurfProcessor"
STREAMER = f"{PROCESSOR}.SOStream"
RAMP_COUNTER_BITS, FLUX_DAC_BITS = 32, 16

SLOT: Dict[str, Any] = {
    "AMCc.enable": True, "AMCc.RogueVersion": "6.4.2", "AMCc.mcetransmitDebug": 0, "AMCc.Time": 0.0,
    "AMCc.SmurfApplication.SmurfDirectory": "/usr/local/src/pysmurf",
    "AMCc.SmurfApplication.StartupScript": "/usr/local/src/pysmurf/server_scripts/cmb_eth.py",
    "AMCc.SmurfApplication.StartupArguments": "--disable-bay1", "AMCc.SmurfApplication.EnabledBays": np.array([0]),
    "AMCc.SmurfApplication.ConfiguringInProgress": False, "AMCc.SmurfApplication.SystemConfigured": True,
    "AMCc.SmurfApplication.JesdStatus": "Locked",
    "AMCc.streamingInterface.DataFile": "", "AMCc.streamingInterface.open": 0,
    "AMCc.streamDataWriter.DataFile": "", "AMCc.streamDataWriter.IsOpen": False,
    "AMCc.StreamDataSource.SourceEnable": False, "AMCc.StreamDataSource.Period": 1,
    f"{PROCESSOR}.FrameRxStats.FrameCnt": 0, f"{PROCESSOR}.FrameRxStats.FrameSize": 0,
    f"{PROCESSOR}.FrameRxStats.FrameLossCnt": 0, f"{PROCESSOR}.FrameRxStats.FrameOutOrderCnt": 0,
    f"{PROCESSOR}.ChannelMapper.Mask": np.zeros(1, dtype=int), f"{PROCESSOR}.ChannelMapper.NumChannels": 1,
    f"{PROCESSOR}.ChannelMapper.PayloadSize": 0,
    f"{PROCESSOR}.Filter.A": np.array([1.0, -3.74145562, 5.25726624, -3.28776591, 0.77203984]),
    f"{PROCESSOR}.Filter.B": np.array([5.28396689e-06, 2.11358676e-05, 3.17038014e-05, 2.11358676e-05,
                                       5.28396689e-06]),
    f"{PROCESSOR}.Filter.Order": 4, f"{PROCESSOR}.Filter.Gain": 1.0, f"{PROCESSOR}.Filter.Disable": False,
    f"{PROCESSOR}.Downsampler.DownsamplerMode": 0, f"{PROCESSOR}.Downsampler.InternalFactor": 20,
    f"{PROCESSOR}.Downsampler.ExternalBitmask": 0,
    f"{PROCESSOR}.FileWriter.DataFile": "", f"{PROCESSOR}.FileWriter.IsOpen": False,
    f"{PROCESSOR}.FileWriter.MaxFileSize": 0,
    f"{STREAMER}.pysmurf_action": "", f"{STREAMER}.pysmurf_action_timestamp": 0, f"{STREAMER}.stream_tag": "",
    f"{STREAMER}.EnableCompression": True, f"{STREAMER}.AggTime": 1.0, f"{STREAMER}.SOFileWriter.session_id": 0,
    f"{STREAMER}.SOFileWriter.filepath": "/data/so/timestreams/0.g3",
    f"{CARRIER}.AxiVersion.UpTimeCnt": 86400, f"{CARRIER}.AxiVersion.FpgaVersion": 3,
    f"{CARRIER}.AxiVersion.GitHash": "31b6fbfe" * 5, f"{CARRIER}.AxiVersion.GitHashShort": "31b6fbf",
    f"{CARRIER}.AxiVersion.BuildStamp": "MicrowaveMuxBpEthGen2: Vivado v2020.2, emulated",
    f"{CARRIER}.AmcCarrierBsi.SlotNumber": 2, f"{CARRIER}.AmcCarrierBsi.CrateId": 1,
    f"{CARRIER}.AxiSysMonUltraScale.Temperature": 45.0, f"{CARRIER}.AxiSysMonUltraScale.OTUpperThreshold": 99,
    f"{CARRIER}.EM22xx.IOUT": 20.0, f"{CARRIER}.EM22xx.TEMPERATURE[1]": 40.0,
    f"{CARRIER}.AmcCarrierTiming.TimingFrameRx.RxLinkUp": 1,
    f"{TRIGGERS}.EvrV2ChannelReg[0].RateSel": 6, f"{TRIGGERS}.EvrV2ChannelReg[0].EnableReg": True,
    f"{TRIGGERS}.EvrV2ChannelReg[0].Count": 0, f"{TRIGGERS}.EvrV2ChannelReg[0].DestSel": 0,
    f"{TRIGGERS}.EvrV2TriggerReg[0].Delay": 0, f"{TRIGGERS}.EvrV2TriggerReg[0].EnableTrig": True,
    f"{TRIGGERS}.EvrV2TriggerReg[0].Width": 10, f"{TRIGGERS}.EvrV2TriggerReg[0].enable": True,
    f"{CORE}.enableStreaming": 0, f"{CORE}.modeStream": 0, f"{CORE}.baySelStream": 0, f"{CORE}.BUILD_DSP_G": 255,
    f"{CORE}.readoutDelay": 0, f"{CORE}.TimingHeader.userConfig[0]": 0, f"{CORE}.SysgenCryo.tuneFilePath": "",
    f"{CORE}.CryoAdcMux.Remap[0]": 0,
    f"{RTM}.CpldReset": 0, f"{RTM}.DebounceWidth": 255, f"{RTM}.EnableRampTrigger": 1, f"{RTM}.RampMaxCnt": 76799,
    f"{RTM}.LowCycle": 5, f"{RTM}.HighCycle": 5, f"{RTM}.RampStartMode": 0, f"{RTM}.PulseWidth": 64,
    f"{RTM}.KRelay": 3, f"{RTM}.SelectRamp": 1,
    f"{SPI}.RampSlope": 0, f"{SPI}.FastSlowStepSize": 0, f"{SPI}.FastSlowRstValue": 2 ** 31,
    f"{SPI_MAX}.TesBiasDacCtrlRegCh": np.full(32, 2), f"{SPI_MAX}.TesBiasDacDataRegCh": np.zeros(32, dtype=int),
    f"{SPI_MAX}.HemtBiasDacCtrlRegCh": 2,
    f"{RTM}.LutCtrl.Ctrl.Busy": 0, f"{RTM}.LutCtrl.Ctrl.TrigCnt": 0, f"{RTM}.LutCtrl.Ctrl.Continuous": 0,
    f"{RTM}.LutCtrl.Ctrl.TimerSize": 0, f"{RTM}.LutCtrl.Ctrl.MaxAddr": 0, f"{RTM}.LutCtrl.Ctrl.EnableCh": 0,
    "crate.old_firmware": False}

BAY: Dict[str, Any] = {
    f"{CORE}.DebugSelect[{{0}}]": 0, f"{CORE}.MicrowaveMuxCore[{{0}}].DBG.enable": True,
    f"{CORE}.MicrowaveMuxCore[{{0}}].LMK.enable": True, f"{CORE}.MicrowaveMuxCore[{{0}}].LMK.LmkReg_0x0146": 16,
    f"{CORE}.MicrowaveMuxCore[{{0}}].LMK.LmkReg_0x0147": 26,
    f"{TOP}.AppTop.AppTopJesd[{{0}}].JesdRx.Enable": 0x3F3, f"{TOP}.AppTop.AppTopJesd[{{0}}].JesdRx.DataValid": 0x3F3,
    f"{TOP}.AppTop.AppTopJesd[{{0}}].JesdTx.Enable": 0x3CF, f"{TOP}.AppTop.AppTopJesd[{{0}}].JesdTx.DataValid": 0x3CF,
    f"{TOP}.AppTop.DaqMuxV2[{{0}}].DataBufferSize": 2 ** 19, f"{TOP}.AppTop.DaqMuxV2[{{0}}].TriggerHwArm": 0,
    f"{TOP}.AppTop.DaqMuxV2[{{0}}].InputMuxSel[0]": 0, f"{TOP}.AppTop.DaqMuxV2[{{0}}].InputMuxSel[1]": 0}

BAND: Dict[str, Any] = {
    "numberSubBands": CHANNELS, "numberChannels": CHANNELS, "digitizerFrequencyMHz": 2 * DSP_CLOCK_MHZ,
    "channelFrequencyMHz": 2.4, "toneFrequencyOffsetMHz": OFFSETS_MHZ, "rfEnable": 1, "dspEnable": 1,
    "noiseSelect": 0, "waveformSelect": 0, "waveformStart": 0, "iqSwapIn": 0, "iqSwapOut": 0, "toneScale": 2,
    "analysisScale": 1, "synthesisScale": 2, "singleChannelReadout": 0, "singleChannelReadoutOpt2": 0,
    "readoutChannelSelect": 0, "rfIQStreamEnable": 0, "iqStreamEnable": 1, "decimation": 0, "filterAlpha": 16384,
    "refPhaseDelay": 6, "refPhaseDelayFine": 0, "bandDelayUs": 2.4, "lmsDelay": 6, "lmsRstDly": 0,
    "lmsDlyFine": 0, "lmsGain": 5, "lmsEnable1": 1, "lmsEnable2": 1, "lmsEnable3": 1, "lmsFreq": 0,
    "lmsFreqHz": 20000.0, "trigRstDly": 15, "feedbackEnable": 1, "feedbackPolarity": 1, "feedbackGain": 2048,
    "feedbackLimit": 6144, "feedbackStart": 0, "feedbackEnd": 600, "counterSelect": 0}

OLD_NAMES = {f"{name}Array": name for name in ("amplitudeScale", "centerFrequency", "etaMag", "etaPhase",
             "feedbackEnable", "frequencyError", "loopFilterOutput", "TesBiasDacDataRegCh", "TesBiasDacCtrlRegCh")}
OLD_NAMES["centerFrequencyArray"] = "centerFrequencyMHz"
OLD_NAMES["frequencyErrorArray"] = "frequencyErrorMHz"
OLD_NAMES["dataFile"] = "DataFile"
"""Names of registers in the firmware of pysmurf v9.0.3, and those in here, which are main's."""


class Slot:
    """The registers of a slot and what is behind them."""

    def __init__(self, seed: int, resonators: int, pace: float, versions: Tuple[str, bool]) -> None:
        self.faults = Faults()
        self.registers = Registers()
        version, old_firmware = versions
        declare = self.registers.declare
        self.bands: List[Band] = []
        for path, value in copy.deepcopy(SLOT).items():
            declare(path, value)
        declare("AMCc.SmurfApplication.SmurfVersion", version)
        self.registers.values["crate.old_firmware"] = old_firmware
        for bay in (0, 1):
            self._declare_bay(bay)
        declare(f"{TRIGGERS}.EvrV2ChannelReg[0].DestType", 0, enum={0: "All", 1: "One"})
        for output, source in enumerate((0, 0, 1, 1)):
            declare(f"{CARRIER}.AxiSy56040.OutputConfig[{output}]", source)
        for number in range(2):
            declare(f"{RTM}.LutCtrl.Lut[{number}].MemArray", np.zeros(2048, dtype=int))
            declare(f"{RTM}.LutCtrl.DacAxilAddr[{number}]", 0)
        declare(f"{SPI_MAX}.HemtBiasDacDataRegCh", 0)
        declare(f"{SPI}.CfgRegEnaBit", 0)
        declare(f"{SPI}.ModeControl", 0)
        declare(f"{SPI}.LTC1668RawDacData", 2 ** (FLUX_DAC_BITS - 1))
        self.card = CryostatCard(self.faults, self._gate)
        self.fit_card("c02")
        declare(f"{RTM}.SpiCryo.write", 0, hook=self.card.write)
        declare(f"{RTM}.SpiCryo.read", 0, reader=self.card.read)
        for number in range(BANDS):
            self._declare_band(number, seed, resonators, pace)
        self.daq = Daq(self.registers, self.bands, self.faults, self.ramp)
        stream = StreamFile(self.registers, self.bands, self.ramp)
        declare(f"{STREAMER}.open_g3stream", 0, hook=lambda is_open: self.registers.set(
            f"{STREAMER}.SOFileWriter.session_id", int(time.time()) if is_open else 0))
        command = self.registers.command
        command(f"{PROCESSOR}.FileWriter.Open", stream.open)
        command(f"{PROCESSOR}.FileWriter.Close", stream.close)
        for path, is_open in (("Open", True), ("Close", False)):
            command(f"AMCc.streamDataWriter.{path}",
                    lambda _, is_open=is_open: self.registers.set("AMCc.streamDataWriter.IsOpen", is_open))
        for path in ("Unwrapper.reset", "Filter.reset"):
            command(f"{PROCESSOR}.{path}", lambda _: None)
        for path in ("AMCc.setDefaults", "AMCc.setDefaults.Start"):
            command(path, lambda _: self.registers.set("AMCc.SmurfApplication.SystemConfigured", True))
        for path in ("AMCc.ReadAll", "AMCc.SmurfApplication.CheckJesd", f"{RTM}.resetRtm", f"{RTM}.LutCtrl.Ctrl.SwTrig"):
            command(path, lambda _: None)

    def _declare_bay(self, bay: int) -> None:
        for path, value in BAY.items():
            self.registers.declare(path.format(bay), value)
        for kind in ("UC", "DC"):
            for band in range(1, 5):
                self.registers.declare(f"{CORE}.MicrowaveMuxCore[{bay}].ATT.{kind}[{band}]", 12 if kind == "UC" else 0)
        buffers = f"{CARRIER}.AmcCarrierBsa.BsaWaveformEngine[{bay}].WaveformEngineBuffers"
        for engine in range(2):
            self.registers.declare(f"AMCc.Stream{2 * bay + engine}.Data", np.zeros(1, dtype=np.int16))
            for name in ("StartAddr", "EndAddr", "WrAddr"):
                self.registers.declare(f"{buffers}.{name}[{engine}]", "0x0000000000000000")
            self.registers.declare(f"{buffers}.Empty[{engine}]", 1)
        for name in ("TriggerDaq", "ArmHwTrigger"):
            self.registers.command(f"{TOP}.AppTop.DaqMuxV2[{bay}].{name}", lambda _: self.daq.trigger(bay))
        self.registers.command(f"{CORE}.MicrowaveMuxCore[{bay}].LMK.PwrUpSysRef", lambda _: None)
        self.registers.command(f"{CORE}.MicrowaveMuxCore[{bay}].SelExtRef", lambda _: None)

    def _declare_band(self, number: int, seed: int, resonators: int, pace: float) -> None:
        registers = self.registers
        root = f"{CORE}.SysgenCryo.Base[{number}]"
        band = Band(number, root, registers, draw(seed, number, resonators), self.faults, self._amps_on, self.flux)
        self.bands.append(band)
        for name, value in {**BAND, "band": number, "bandCenterMHz": 4250.0 + 500 * number}.items():
            registers.declare(f"{root}.{name}", copy.copy(value))
        registers.declare(f"{root}.bandDelayUs", round(2.4 * DSP_CLOCK_MHZ) / DSP_CLOCK_MHZ, hook=lambda us: self._round(
            f"{root}.bandDelayUs", round(us * DSP_CLOCK_MHZ) / DSP_CLOCK_MHZ))
        registers.declare(f"{root}.feedbackEnable", 1, hook=lambda on: on or band.release_loops())
        cryo = f"{root}.CryoChannels"
        for name in ("amplitudeScale", "feedbackEnable"):
            registers.declare(f"{cryo}.{name}", np.zeros(CHANNELS, dtype=np.uint32))
        for name, steps in (("centerFrequencyMHz", 2 ** 23 / HALF_WIDTH_MHZ), ("etaMag", 2 ** 10),
                            ("etaPhase", 2 ** 15 / 180)):
            registers.declare(f"{cryo}.{name}", np.zeros(CHANNELS), hook=lambda value, name=name, steps=steps:
                              self._round(f"{cryo}.{name}", np.round(value * steps) / steps))
        registers.declare(f"{cryo}.frequencyError", np.zeros(CHANNELS), reader=band.errors)
        registers.declare(f"{cryo}.frequencyErrorMHz", np.zeros(CHANNELS),
                          reader=lambda: band.errors() * HALF_WIDTH_MHZ)
        registers.declare(f"{cryo}.loopFilterOutput", np.zeros(CHANNELS), reader=band.loop_filter_output)
        registers.command(f"{cryo}.loadTuneFile", lambda _: None)
        Scans(band, registers, self.faults, pace)

    def _round(self, path: str, value: Any) -> None:
        """A register keeps what its bits can hold."""
        self.registers.values[path] = value

    def fit_card(self, kind: str) -> None:
        """Put a card in, with the gates where pysmurf's setup leaves them."""
        self.faults.card = kind
        volts = {"hemt": -1.0, "50k": -0.5, "hemt1": -0.8, "hemt2": -0.8, "50k1": -0.5, "50k2": -0.5}
        self.registers.values[f"{SPI_MAX}.TesBiasDacDataRegCh"][24:] = 0
        for name, amplifier in self.card.amplifiers.items():
            counts = round(volts[name] / amplifier.volts_per_bit)
            if amplifier.gate == "hemt":
                self.registers.values[f"{SPI_MAX}.HemtBiasDacDataRegCh"] = counts
            else:
                self.registers.values[f"{SPI_MAX}.TesBiasDacDataRegCh"][int(amplifier.gate) - 1] = counts

    def _gate(self, dac: str) -> int:
        if dac == "hemt":
            return self.registers.values[f"{SPI_MAX}.HemtBiasDacDataRegCh"]
        return int(self.registers.values[f"{SPI_MAX}.TesBiasDacDataRegCh"][int(dac) - 1])

    def _amps_on(self) -> bool:
        """A HEMT and a 50 K amplifier have power and draw current; without a card nobody knows: taken as on."""
        return self.faults.card == "none" or self.card.power & 0b11 == 0b11

    # --- flux -------------------------------------------------------------------------------------

    def ramp(self) -> Tuple[float, float]:
        """Resets a millisecond and the fraction of full scale; 0 where the ramp stands."""
        values = self.registers.values
        count = values[f"{RTM}.RampMaxCnt"]
        rate_khz = DSP_CLOCK_MHZ * 1e3 / (count + 1) if count else 0.0
        if not (values[f"{SPI}.CfgRegEnaBit"] and values[f"{SPI}.ModeControl"] == 0):
            return (0.0, 0.0) if not count else (rate_khz, 0.0)
        clock_khz = DSP_CLOCK_MHZ * 1e3 / (values[f"{RTM}.LowCycle"] + values[f"{RTM}.HighCycle"] + 2)
        return rate_khz, values[f"{SPI}.FastSlowStepSize"] * clock_khz / 2 ** RAMP_COUNTER_BITS / rate_khz

    def fixed_bias(self) -> float:
        """What the DAC puts out in its steady mode."""
        values = self.registers.values
        if values[f"{SPI}.ModeControl"] != 1:
            return 0.0
        full, code = 2 ** FLUX_DAC_BITS, values[f"{SPI}.LTC1668RawDacData"]
        return 1 - 2 * code / full if code <= full // 2 else -(1 - 2 * (full - 1 - code) / full)

    def flux(self, points: int) -> np.ndarray:
        """The bias at the SQUIDs: a ramp's, or the steady one, which an AC-coupled line does not pass."""
        if self.faults.no_flux:
            return np.zeros(points if points > 16 else 1)
        fraction = self.ramp()[1]
        if fraction:
            return fraction * (2 * np.arange(points) / points - 1)
        return np.array([self.fixed_bias() if self.card.dc_coupled else 0.0])

    # --- what a test looks at ---------------------------------------------------------------------

    def outputs(self) -> Dict[str, Any]:
        """What is on, from the registers themselves; empty is quiet."""
        values = self.registers.values
        on: Dict[str, Any] = {}
        for band in self.bands:
            if values[f"{band.root}.rfEnable"]:
                tones = int(np.count_nonzero(band.channels("amplitudeScale")))
                if tones:
                    on[f"tones in band {band.number}"] = tones
                if values[f"{band.root}.noiseSelect"]:
                    on[f"noise in band {band.number}"] = 1
        if values[f"{SPI}.CfgRegEnaBit"]:
            on["flux ramp"] = 1
        if abs(self.fixed_bias()) > 2 / 2 ** FLUX_DAC_BITS:
            on["flux bias"] = round(self.fixed_bias(), 4)
        tes = values[f"{SPI_MAX}.TesBiasDacDataRegCh"][:24]
        if np.any(tes):
            on["TES bias"] = int(np.count_nonzero(tes))
        if values[f"{RTM}.LutCtrl.Ctrl.EnableCh"]:
            on["waveform"] = 1
        if values[f"{PROCESSOR}.FileWriter.IsOpen"]:
            on["stream file"] = 1
        running = [path.rsplit(".", 2)[1] for path, value in values.items() if path.endswith(".Running") and value]
        if running:
            on["scan"] = ", ".join(running)
        marked = [band.number for band in self.bands if band.channels("etaScanInProgress")]
        if marked:
            on["mark in bands"] = marked
        return on

    def settings(self) -> Dict[str, Any]:
        """All registers that somebody can write, and the card's."""
        kept = {path: copy.copy(value) for path, value in self.registers.values.items()
                if not path.startswith(("AMCc.Stream", "crate.")) and "SpiCryo" not in path}
        kept.update({f"card.{address}": value for address, value in self.card.stored.items() if address != 6})
        return kept

    def amplifiers(self) -> Dict[str, float]:
        return {name: self.card.drain_ma(name) for name in self.card.amplifiers}

    def truth(self, band: int) -> Dict[str, Any]:
        line = self.bands[band]
        return line.line.truth(self.registers.values[f"{line.root}.bandCenterMHz"])
