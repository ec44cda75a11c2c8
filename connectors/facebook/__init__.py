"""Facebook Pages through the Graph API, by facebook-sdk."""
