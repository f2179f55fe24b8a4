"""What requests and answers look like: the models of which the API's description is made."""
