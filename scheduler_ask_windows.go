package pollux

// Go's own poller is a completion port here. What it takes for news cannot be made without a
// socket, so that it is asked by sysmon alone, every 10 ms, while a poller is busy all the time.

func openGoPoller() {}

func askGoPoller() error { return nil }
