"""Domain model and pure logic of voice recognition. Imports neither SQL nor protobuf."""
