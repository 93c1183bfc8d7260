"""Live audio: streams over WebSocket and as bodies, each as many as the worker can hold in time."""
