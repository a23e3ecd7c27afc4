"""A stand-in for NVIDIA's driver, as pynvml shows it."""

from types import SimpleNamespace

GIB = 2**30


class NVMLError(Exception):
    """As pynvml raises it."""


def nvml(uuids=("GPU-0a", "GPU-1b", "GPU-2c", "GPU-3d"), *, rates=True, mode=0, mig=0, asked=None):
    """Return a module of GPUs with these UUIDs, by their slots; ``asked`` hears whose load is read.

    ``mig`` is 0, 1, or None where a GPU cannot be cut.
    """

    def by_uuid(uuid):
        if uuid not in uuids:
            raise NVMLError
        return uuid

    def by_index(index):
        if not 0 <= index < len(uuids):
            raise NVMLError
        return uuids[index]

    def memory(handle):
        if asked is not None:
            asked.append(handle)
        return SimpleNamespace(used=12 * GIB, total=141 * GIB)

    def busy(handle):
        if not rates:
            raise NVMLError
        return SimpleNamespace(gpu=43)

    def mig_mode(handle):
        if mig is None:
            raise NVMLError
        return [mig, mig]

    return SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: len(uuids),
        nvmlDeviceGetHandleByIndex=by_index,
        nvmlDeviceGetHandleByUUID=by_uuid,
        nvmlDeviceGetUUID=lambda handle: handle,
        nvmlDeviceGetMemoryInfo=memory,
        nvmlDeviceGetUtilizationRates=busy,
        nvmlSystemGetDriverVersion=lambda: "575.57.08",
        nvmlDeviceGetComputeMode=lambda handle: mode,
        nvmlDeviceIsMigDeviceHandle=lambda handle: handle.startswith("MIG-"),
        nvmlDeviceGetMigMode=mig_mode,
    )
