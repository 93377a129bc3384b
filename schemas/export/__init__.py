"""The contracts as documents for other programs: JSON Schema 2020-12 and AsyncAPI 3.0."""
