RECOVERED = 30.0  # seconds after the last fault; what is said then is in by that time
