"""Property tests on a machine that is busy with other things: no deadline per example."""

from hypothesis import HealthCheck, settings

settings.register_profile("fhir", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fhir")
