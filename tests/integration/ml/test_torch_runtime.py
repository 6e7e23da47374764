"""Settings that precede the import of torch, each tested in a fresh process."""

import os
import subprocess
import sys
import textwrap


def run(code: str, **environment: str) -> str:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYANNOTE", "HF_", "OMP_", "ONEDNN", "LRU_"))
    }
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=clean | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_memory_and_threads_are_bounded_before_torch_is_imported() -> None:
    answer = run(
        """
        import os, sys
        seen = {}
        class Watch:
            def find_spec(self, name, path=None, target=None):
                if name == "torch":
                    seen.update(os.environ)
        sys.meta_path.insert(0, Watch())
        import diarizer.engines.torch_runtime
        for name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY", "OMP_WAIT_POLICY",
                     "PYANNOTE_METRICS_ENABLED", "HF_HUB_OFFLINE"):
            print(seen[name])
        """
    )
    assert answer.split() == ["16", "64", "PASSIVE", "0", "1"]


def test_environment_changes_limits_but_not_telemetry() -> None:
    answer = run(
        """
        import os
        import diarizer.engines.torch_runtime
        print(os.environ["LRU_CACHE_CAPACITY"], os.environ["PYANNOTE_METRICS_ENABLED"])
        """,
        LRU_CACHE_CAPACITY="8",
        PYANNOTE_METRICS_ENABLED="1",
    )
    assert answer == "8 0"


def test_filter_banks_work_whether_or_not_the_native_library_loads() -> None:
    answer = run(
        """
        from diarizer.engines.torch_runtime import kaldi, torch
        sound = torch.sin(torch.arange(16_000) / 10)[None]
        print(tuple(kaldi.fbank(sound, num_mel_bins=80, dither=0.0).shape))
        """
    )
    assert answer == "(98, 80)"


def test_nothing_is_reported_to_the_vendor() -> None:
    """No model, pipeline or file is reported to any address, whatever the environment."""
    answer = run(
        """
        import socket
        attempts = []
        class NoSocket(socket.socket):
            def connect(self, address):
                attempts.append(address)
                raise OSError("no network in this test")
            connect_ex = connect
        socket.socket = NoSocket
        socket.getaddrinfo = lambda *arguments, **_: attempts.append(arguments) or []

        import diarizer.engines.torch_runtime
        from pyannote.audio.telemetry import metrics
        started = []
        metrics.tracer.start_as_current_span = lambda *_, **__: started.append(1)
        metrics.track_model_init(object())
        metrics.track_pipeline_init(object())
        metrics.track_pipeline_apply(object(), {})
        metrics.provider.force_flush(2000)
        print(metrics.is_metrics_enabled(), started, attempts)
        """,
        PYANNOTE_METRICS_ENABLED="1",
    )
    assert answer == "False [] []"
