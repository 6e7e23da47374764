"""Server of the Model Context Protocol: transcripts for language models.

It needs the extra `mcp`, and acts with the rights of one token.
"""
