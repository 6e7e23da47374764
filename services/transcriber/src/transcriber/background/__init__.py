"""What goes on beside the calls: releasing work, taking results in, tidying up."""
