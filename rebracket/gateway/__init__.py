"""Between the socket and the service: request ids, body limits, error answers."""
