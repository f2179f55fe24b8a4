"""A telephone carrier that speaks Twilio's protocol, and the people it reaches."""
