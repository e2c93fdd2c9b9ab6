"""What is read on paper and screens: the report and letters."""
