"""What a command ends with: 0 all well, and these; the highest that applies (contract, section 3)."""

#: Something needs somebody; usage, settings, or a name that there is not; the program failed, or the count does not come out.
NEEDS_SOMEBODY, USAGE, OUR_FAULT = 1, 2, 3
