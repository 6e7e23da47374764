"""What speakers and voices are, and the arithmetic of recognising them. No SQL, no protobuf."""
