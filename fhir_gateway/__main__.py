"""What does `python -m fhir_gateway` do? The same as the command `fhir-gateway`."""

from fhir_gateway.cli import app

if __name__ == "__main__":
    app(prog_name="fhir-gateway")
