"""A local server that speaks the X API v2 and the Graph API, keeps a ledger and fails on command."""
