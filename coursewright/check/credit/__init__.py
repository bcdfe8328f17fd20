"""5xx: credit and accreditation."""
